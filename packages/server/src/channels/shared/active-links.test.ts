import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findActiveLink } from "./active-links.ts";

describe("links that run code", () => {
  it.each([
    ['<a href="javascript:alert(1)">x</a>', "javascript:alert(1)"],
    ["<a href=javascript:alert(1)>x</a>", "javascript:alert(1)"],
    ["<A HREF=' JaVaScRiPt:alert(1)'>x</A>", " JaVaScRiPt:alert(1)"],
    ['<a href="java\n\tscript\u0001:alert(1)">x</a>', "java\n\tscript\u0001:alert(1)"],
    ['<a href="&#106;avascript&colon;alert(1)">x</a>', "&#106;avascript&colon;alert(1)"],
    ['<a href="&#x6A;avascript:alert(1)">x</a>', "&#x6A;avascript:alert(1)"],
    ['<a href="vbscript:x">x</a>', "vbscript:x"],
    ['<a href="data:text/html,<b>">x</a>', "data:text/html,<b>"],
    ['<img src="data:text/html,x">', "data:text/html,x"],
    ['<img src="data:image/svg+xml,x">', "data:image/svg+xml,x"],
    ['<form action="javascript:x"></form>', "javascript:x"],
    ['<p>x</p><svg><a xlink:href="javascript:x">x</a></svg>', "javascript:x"],
  ])("are found: %s", (html, link) => {
    expect(findActiveLink(html)).toBe(link);
  });

  it.each([
    '<a href="https://x.io/?a=javascript:1">x</a>',
    '<a href="mailto:a@x.io">x</a> <a href="tel:+1">x</a> <a href="#top">x</a> <a href="">x</a>',
    '<img src="data:image/png;base64,AAAA"> <img src="cid:1">',
    '<p title="javascript:x">javascript:alert(1)</p>',
    '<!-- <a href="javascript:x"> -->',
    '<a href="{{url}}">x</a>',
  ])("are none of these: %s", (html) => {
    expect(findActiveLink(html)).toBeNull();
  });

  it("are found wherever characters are put between the letters", () => {
    const gap = fc.constantFrom("", "\t", "\n", "\r\n", "\u0001");
    fc.assert(
      fc.property(
        fc.constantFrom("javascript:", "vbscript:", "data:text/html,"),
        fc.array(gap),
        (scheme, gaps) => {
          const written = Array.from(scheme, (letter, index) => letter + (gaps[index] ?? "")).join("");
          expect(findActiveLink(`<a href="${written}x">`)).toBe(`${written}x`);
        },
      ),
    );
  });
});
