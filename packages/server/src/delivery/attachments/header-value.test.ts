import { describe, expect, it } from "vitest";
import { readHeader } from "./header-value.ts";

const read = (header: string) => {
  const { value, parameters } = readHeader(header);
  return { value, ...Object.fromEntries(parameters) };
};

describe("a header's value", () => {
  it.each([
    ["text/csv", { value: "text/csv" }],
    ["text/csv; charset=utf-8", { value: "text/csv", charset: "utf-8" }],
    ['attachment ; Filename = "a \\"b\\".pdf" ; x=1', { value: "attachment", filename: 'a "b".pdf', x: "1" }],
    ["attachment; filename= a file.pdf ; size=3", { value: "attachment", filename: "a file.pdf", size: "3" }],
    ["attachment; filename=one; filename=two", { value: "attachment", filename: "one" }],
    ['attachment; filename="open', { value: "attachment" }],
    ["attachment; a=; b=2", { value: "attachment", a: "", b: "2" }],
  ])("%s", (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  // Cubic time in the spaces would take hours; the test's own limit is what notices.
  it.each([" ", "\t", "; ", "\\"])("is read at once, however long: %j", (part) => {
    expect(read(`x; a=${part.repeat(100_000)}"`).value).toBe("x");
    expect(read(`x; a=${part.repeat(100_000)}b`).value).toBe("x");
    expect(read(`x; a="${part.repeat(100_000)}`).value).toBe("x");
  });
});
