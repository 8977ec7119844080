import { createHash } from "node:crypto";
import { quote, toText } from "../output/manifest.ts";
import { allocateText, fail, force, spend, spendText } from "../runtime.ts";
import { arrayOf, isArray, type FunctionValue, type Runtime, typeOf, type Value } from "../value.ts";
import { asArray, asText } from "./arguments.ts";
import { made } from "./build.ts";
import { define, type Library } from "./define.ts";
import { buildItems, eachPiece, mapText } from "../work.ts";
import { replaceText } from "./strings.ts";

/** Bytes of an array, or of a text whose characters are bytes. */
function toBytes(rt: Runtime, input: Value): Buffer {
  if (typeof input === "string") {
    spendText(rt, input.length);
    // oxlint-disable-next-line no-control-regex
    if (/[^\u0000-\u00ff]/.test(input))
      throw fail(
        rt,
        "std.base64: a text must have characters below 256 only; std.encodeUTF8 makes bytes of others",
      );
    return Buffer.from(input, "latin1");
  }
  if (!isArray(input))
    throw fail(rt, `std.base64: input must be a string or an array of bytes, got ${typeOf(input)}`);
  return bytesOf(rt, input, "std.base64: input");
}

function bytesOf(rt: Runtime, value: Value, what: string): Buffer {
  const { items } = asArray(rt, value, what);
  allocateText(rt, items.length);
  const bytes = Buffer.alloc(items.length);
  for (const [index, item] of items.entries()) {
    spend(rt, 1);
    const byte = force(rt, item);
    if (typeof byte !== "number" || !Number.isInteger(byte) || byte < 0 || byte > 255)
      throw fail(rt, `${what} must hold whole numbers from 0 to 255`);
    bytes[index] = byte;
  }
  return bytes;
}

function byteArray(rt: Runtime, bytes: Buffer): Value {
  return arrayOf(buildItems(rt, bytes.length, (index) => bytes[index] ?? 0));
}

/** Looks for what does not belong: a pattern for the whole would need a stack as long as the text. */
function isBase64(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return text.length % 4 === 0 && !/[^A-Za-z\d+/]/.test(text.slice(0, text.length - padding));
}

function decodeBase64(rt: Runtime, str: Value, name: string): Buffer {
  const text = asText(rt, str, `std.${name}: str`);
  spendText(rt, text.length);
  allocateText(rt, text.length);
  if (!isBase64(text)) throw fail(rt, `std.${name}: not base64: ${JSON.stringify(text.slice(0, 80))}`);
  return Buffer.from(text, "base64");
}

function hash(name: string, algorithm: string): FunctionValue {
  return define(["s"], (rt, s) => {
    const text = asText(rt, s, `std.${name}: s`);
    const digest = createHash(algorithm);
    // SHA-3 takes five nanoseconds a byte.
    eachPiece(rt, text, 0.2, (piece) => digest.update(piece, "utf8"));
    return digest.digest("hex");
  });
}

const XML: ReadonlyMap<string, string> = new Map([
  ["<", "&lt;"],
  [">", "&gt;"],
  ["&", "&amp;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
]);

const json = define(["str_"], (rt, str) => quote(rt, toText(rt, str)));

export const ENCODERS: Library = {
  base64: define(["input"], (rt, input) => made(rt, toBytes(rt, input).toString("base64"))),
  base64Decode: define(["str"], (rt, str) =>
    made(rt, decodeBase64(rt, str, "base64Decode").toString("latin1")),
  ),
  base64DecodeBytes: define(["str"], (rt, str) => byteArray(rt, decodeBase64(rt, str, "base64DecodeBytes"))),
  encodeUTF8: define(["str"], (rt, str) => {
    const text = asText(rt, str, "std.encodeUTF8: str");
    return byteArray(rt, Buffer.from(made(rt, text), "utf8"));
  }),
  decodeUTF8: define(["arr"], (rt, arr) =>
    made(rt, bytesOf(rt, arr, "std.decodeUTF8: arr").toString("utf8")),
  ),
  md5: hash("md5", "md5"),
  sha1: hash("sha1", "sha1"),
  sha256: hash("sha256", "sha256"),
  sha512: hash("sha512", "sha512"),
  sha3: hash("sha3", "sha3-512"),
  escapeStringJson: json,
  escapeStringPython: json,
  escapeStringBash: define(["str_"], (rt, str) => `'${replaceText(rt, toText(rt, str), "'", `'"'"'`)}'`),
  escapeStringDollars: define(["str_"], (rt, str) => replaceText(rt, toText(rt, str), "$", "$$")),
  escapeStringXML: define(["str_"], (rt, str) =>
    mapText(rt, toText(rt, str), (piece) => piece.replaceAll(/[<>&"']/g, (char) => XML.get(char) ?? char)),
  ),
};
