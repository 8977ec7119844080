import { describe, expect, it } from "vitest";
import { insertMarkup, insertPreheader } from "./email-html.ts";

describe("insertPreheader", () => {
  it.each([
    ["after the body tag", '<html><body style="a">|x</body></html>'],
    ["after the head where there is no body tag", "<html><head></head>|x</html>"],
    ["after the doctype of a fragment", "<!DOCTYPE html>|<p>x</p>"],
    ["before a bare fragment", "|<p>x</p>"],
    ["not into a comment for Outlook", "<!--[if mso]><body class=x><![endif]--><body>|x"],
    ["not after a tag that merely starts alike", "<bodyguard><body>|x"],
  ])("stands %s", (_title, marked) => {
    const result = insertPreheader(marked.replace("|", ""), "Hello");
    expect(result.replace(/<div style="display:none.*?<\/div>/, "|")).toBe(marked);
  });

  it("survives a comment that never closes", () => {
    expect(insertPreheader("<!-- <body>", "p")).toMatch(/^<div .*<\/div><!-- <body>$/);
  });
});

describe("insertMarkup", () => {
  const script = '<script type="application/ld+json">{}</script>';
  it.each([
    ["into the head", "<html><head>|<title>t</title></head></html>", script],
    ["into a head it makes", '<html lang="en">|<body>x</body></html>', `<head>${script}</head>`],
    ["into a head before a fragment", "|<p>x</p>", `<head>${script}</head>`],
    ["not into a header element", "<html>|<header>h</header></html>", `<head>${script}</head>`],
  ])("goes %s", (_title, marked, inserted) => {
    expect(insertMarkup(marked.replace("|", ""), "{}")).toBe(marked.replace("|", inserted));
  });
});
