import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendImage, replaceLinks } from "./track-html.ts";

const marked = (html: string) => replaceLinks(html, (url) => `[${url}]`);

describe("replaceLinks", () => {
  it.each([
    ["a link", '<a href="https://x.example/1">x</a>', '<a href="[https://x.example/1]">x</a>'],
    [
      "one in single quotes",
      "<a class=b href='http://x.example'>x</a>",
      "<a class=b href='[http://x.example]'>x</a>",
    ],
    ["one without quotes", "<a href=https://x.example/1>x</a>", '<a href="[https://x.example/1]">x</a>'],
    [
      "its references decoded",
      '<a href="https://x.example/?a=1&amp;b=2">x</a>',
      '<a href="[https://x.example/?a=1&b=2]">x</a>',
    ],
    ["an area", '<area HREF="https://x.example">', '<area HREF="[https://x.example]">'],
    [
      "the first of two",
      '<a href="https://x.example/1" href="https://x.example/2">',
      '<a href="[https://x.example/1]" href="https://x.example/2">',
    ],
    [
      "what follows a style sheet",
      '<style>a>b{}</style><a href="https://x.example">',
      '<style>a>b{}</style><a href="[https://x.example]">',
    ],
  ])("replaces %s", (_what, html, expected) => {
    expect(marked(html)).toBe(expected);
  });

  it.each([
    [
      "addresses of other kinds",
      '<a href="mailto:a@x.example"><a href="#top"><a href="/relative"><a href="tel:+1">',
    ],
    ["scripts and data", '<a href="javascript:alert(1)"><a href="data:text/html,x">'],
    ["links that ask for it", '<a href="https://x.example" data-track="false">'],
    ["images and style sheets", '<img src="https://x.example/1.png"><link href="https://x.example/1.css">'],
    ["comments", '<!--[if mso]><a href="https://x.example">x</a><![endif]-->'],
    ["the text of scripts", "<script>const a = '<a href=\"https://x.example\">'</script>"],
    ["other attributes", '<a title="href=https://x.example">x</a>'],
    ["what is no address", '<a href="https://">x</a><a href="https://x y.example/">z</a>'],
    ["very long ones", `<a href="https://x.example/${"a".repeat(2000)}">x</a>`],
  ])("leaves %s", (_what, html) => {
    expect(marked(html)).toBe(html);
  });

  it("changes nothing but addresses, whatever the source is", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "a",
      " ",
      "href",
      "=",
      '"',
      "'",
      "https://x.example",
      "<a href=",
      "</a>",
      "<!--",
      "-->",
      "<style>",
      "{{",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const html = pieces.join("");
        const replaced = replaceLinks(html, (url) => url);
        expect(replaced.replaceAll('"', "")).toBe(html.replaceAll('"', ""));
      }),
    );
  });

  it("takes time as the length of the source", () => {
    for (const broken of ["<a href=", "<style>", "<!--", "<a href='https://x.example", "<"]) {
      const started = performance.now();
      marked(broken.repeat(40_000));
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

describe("appendImage", () => {
  const image =
    '<img src="https://x.example/o" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">';

  it.each([
    ["at the end of the body", "<body><p>x</p></body></html>", `<body><p>x</p>${image}</body></html>`],
    ["of the last one", "<pre></body></pre>x</BODY >", `<pre></body></pre>x${image}</BODY >`],
    ["at the end without one", "<p>x</p>", `<p>x</p>${image}`],
  ])("%s", (_where, html, expected) => {
    expect(appendImage(html, "https://x.example/o")).toBe(expected);
  });
});
