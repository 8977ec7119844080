import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  concatBytes,
  fromLatin1,
  fromUtf8,
  textFromBase64,
  textToBase64,
  toLatin1,
  toUtf8,
  utf8Length,
} from "./bytes.ts";

const text = fc.string({
  unit: fc.constantFrom("a", "é", "€", "😀", "\ufeff", "\ud83d", "\ude00", "\0"),
  maxLength: 100,
  size: "max",
});
/** Short ones and long ones go different ways. */
const bytes = fc.uint8Array({ maxLength: 120, size: "max" });

it("makes of texts the bytes that Node makes, half surrogate pairs included", () => {
  fc.assert(
    fc.property(text, (value) => {
      expect([...toUtf8(value)]).toEqual([...Buffer.from(value)]);
      expect(utf8Length(value)).toBe(Buffer.byteLength(value));
      expect(textToBase64(value)).toBe(Buffer.from(value).toString("base64"));
    }),
  );
});

it("makes of bytes the texts that Node makes, whether they are UTF-8 or not", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const node = Buffer.from(value);
      expect(fromUtf8(value)).toBe(node.toString());
      expect(toLatin1(value)).toBe(node.toString("latin1"));
      expect([...fromLatin1(toLatin1(value))]).toEqual([...value]);
      expect(textFromBase64(node.toString("base64url").replaceAll("-", "+").replaceAll("_", "/"))).toBe(
        node.toString(),
      );
    }),
  );
});

it("keeps texts of any length whole", () => {
  const long = "aé€😀".repeat(50_000);
  expect(textToBase64(long)).toBe(Buffer.from(long).toString("base64"));
  expect(textFromBase64(textToBase64(long).replaceAll("=", ""))).toBe(long);
  expect(utf8Length(long)).toBe(500_000);
});

it("puts chunks together in order", () => {
  const chunks = [[1, 2], [], [3]].map((chunk) => Uint8Array.from(chunk));
  expect([...concatBytes(chunks)]).toEqual([1, 2, 3]);
  expect([...concatBytes([])]).toEqual([]);
});
