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
    expect(fileName(given, undefined, url)).toBe(name);
  });

  it.each([
    ['attachment; filename="invoice-117.pdf"', "invoice-117.pdf"],
    ["ATTACHMENT;FileName=invoice.pdf ; x=y", "invoice.pdf"],
    ["inline; filename=\"a.pdf\"; filename*=UTF-8''%e2%82%ac%20rates.pdf", "€ rates.pdf"],
    ["attachment; filename*=iso-8859-1'en'%A3.pdf; filename=x", "£.pdf"],
    ["attachment; filename*=utf-8''%zz; filename=\"b.pdf\"", "b.pdf"],
    ["attachment; filename*=koi8-r''x; filename=\"b.pdf\"", "b.pdf"],
    ['attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'],
    ['attachment; filename="../../etc/passwd"', "passwd"],
    ['attachment; filename="C:\\\\temp\\\\b.pdf"', "b.pdf"],
    ["attachment; filename*=utf-8''a%0D%0AX:y%2Fc.pdf", "c.pdf"],
    ["attachment; filename*=utf-8''gpj%E2%80%AEfdp.exe", "gpjfdp.exe"],
    ['attachment; filename=".."', "download"],
    ['attachment; filename=""', "download"],
    ['attachment; filename="März.pdf"', "März.pdf"],
    [`attachment; filename="${Buffer.from("März €.pdf").toString("latin1")}"`, "März €.pdf"],
    ["attachment", "download"],
    ["attachment; filename", "download"],
    ["attachment; filename=a b.pdf ; x", "a b.pdf"],
  ])("that a download gives itself: %j is %j", (disposition, name) => {
    expect(fileName(null, disposition, "https://x.example/download?id=42")).toBe(name);
    expect(fileName("own.txt", disposition, null)).toBe("own.txt");
  });

  it("is read from hostile headers in time", () => {
    for (const tail of ['filename="' + '\\"'.repeat(200_000), "a=b;".repeat(100_000), "; ".repeat(200_000)]) {
      expect(fileName(null, `attachment; ${tail}`, null)).toBe("attachment");
    }
  });

  it("is one line without folders, whatever it is made from", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.webUrl({ withQueryParameters: true }), (given, url) => {
        const name = fileName(given, given, url);
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
    [" Text/HTML; charset=utf-8", undefined, "a", "text/html; charset=utf-8"],
    [null, "text/csv;Charset=ISO-8859-1", "a", "text/csv; charset=ISO-8859-1"],
    [
      "text/calendar; charset=utf-8; method=REQUEST",
      "application/octet-stream",
      "a",
      "text/calendar; charset=utf-8; method=REQUEST",
    ],
    ['text/x; a="b; c"; d="\\"e"', undefined, "a", 'text/x; a="b; c"; d="\\"e"'],
    ["text/x; name=evil.exe; name*=utf-8''x; boundary=b; a=1; a=2", undefined, "a", "text/x; a=1"],
    ["text/x; a=ü; b=c", undefined, "a", "text/x; b=c"],
    ["nonsense", "image/png", "a", "image/png"],
    ["text/plain\r\nX: y", undefined, "a", "application/octet-stream"],
    ["text/html; name=\r\nX", undefined, "a", "text/html"],
    ['text/html; a="b\r\nX: y"; c=d', undefined, "a", "text/html; c=d"],
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
