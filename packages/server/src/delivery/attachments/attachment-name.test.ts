import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileName, mediaType } from "./attachment-name.ts";

describe("the name of an attachment", () => {
  it.each<[string | null, string | null, string]>([
    ["a.txt", null, "a.txt"],
    [null, "https://x.example/y/rechnung%20f%C3%BCr.pdf?token=1#x", "rechnung für.pdf"],
    ["b.pdf", "https://x.example/a.pdf", "b.pdf"],
    [null, "https://x.example/%zz", "%zz"],
    [null, "https://x.example/", "attachment"],
    [null, null, "attachment"],
    ["  ", null, "attachment"],
    ["/etc/../passwd", null, "passwd"],
    ["C:\\temp\\b.pdf", null, "b.pdf"],
    ["folder/", null, "attachment"],
    [null, "https://x.example/a%2Fb%0D%0AX:y.pdf", "b X:y.pdf"],
    ['a"\r\nX: y', null, 'a" X: y'],
    ["gpj\u202Efdp.exe", null, "gpjfdp.exe"],
    ["📎".repeat(200), null, "📎".repeat(75)],
    [`${"a".repeat(300)}.pdf`, null, `${"a".repeat(146)}.pdf`],
  ])("%j at %j is %j", (given, url, name) => {
    expect(fileName(given, url)).toBe(name);
  });

  it("is one line without folders, whatever it is made from", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.webUrl({ withQueryParameters: true }), (given, url) => {
        const name = fileName(given, url);
        expect(name).not.toMatch(/[\p{Cc}\u2028\u2029/\\]/u);
        expect(name.trim()).not.toBe("");
        expect(name.length).toBeLessThanOrEqual(150);
        expect(name.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("the type of an attachment", () => {
  it.each<[string | null, string | undefined, string, string]>([
    ["text/plain", "image/png", "a.pdf", "text/plain"],
    [" Text/HTML; charset=utf-8", undefined, "a", "text/html"],
    [null, "application/pdf; charset=binary", "a", "application/pdf"],
    ["nonsense", "image/png", "a", "image/png"],
    ["text/plain\r\nX: y", undefined, "a", "application/octet-stream"],
    ["text/html; name=\r\nX", undefined, "a", "text/html"],
    [null, "application/octet-stream", "a.PDF", "application/pdf"],
    [null, undefined, "a.tar.gz", "application/octet-stream"],
    [null, undefined, "pdf.constructor", "application/octet-stream"],
    ["multipart/mixed", undefined, "a", "application/octet-stream"],
    ["message/rfc822", undefined, "a.eml", "application/octet-stream"],
    [`a/${"b".repeat(200)}`, undefined, "a", "application/octet-stream"],
  ])("said to be %j and %j, called %j, is %j", (given, received, name, type) => {
    expect(mediaType(given, received, name)).toBe(type);
  });
});
