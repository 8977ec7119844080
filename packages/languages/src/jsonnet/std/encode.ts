import { fromLatin1, fromUtf8, toLatin1, toUtf8 } from "../../bytes.ts";
import type { Digest, Hashes } from "../../hashes.ts";
import { quote, toText } from "../output/manifest.ts";
import { allocateText, fail, force, spend, spendText } from "../runtime.ts";
import { arrayOf, isArray, type FunctionValue, type Runtime, typeOf, type Value } from "../value.ts";
import { asArray, asText } from "./arguments.ts";
import { made } from "./build.ts";
import { define, type Library } from "./define.ts";
import { buildItems, eachPiece, mapText } from "../work.ts";
import { replaceText } from "./strings.ts";

/** Gives a string whose characters are bytes: the input itself, or one made from an array of bytes. */
function byteText(rt: Runtime, input: Value): string {
  if (typeof input === "string") {
    spendText(rt, input.length);
    // oxlint-disable-next-line no-control-regex
    if (/[^\u0000-\u00ff]/.test(input))
      throw fail(
        rt,
        "std.base64: a text must have characters below 256 only; std.encodeUTF8 makes bytes of others",
      );
    return input;
  }
  if (!isArray(input))
    throw fail(rt, `std.base64: input must be a string or an array of bytes, got ${typeOf(input)}`);
  return toLatin1(bytesOf(rt, input, "std.base64: input"));
}

function bytesOf(rt: Runtime, value: Value, what: string): Uint8Array {
  const { items } = asArray(rt, value, what);
  allocateText(rt, items.length);
  const bytes = new Uint8Array(items.length);
  for (const [index, item] of items.entries()) {
    spend(rt, 1);
    const byte = force(rt, item);
    if (typeof byte !== "number" || !Number.isInteger(byte) || byte < 0 || byte > 255)
      throw fail(rt, `${what} must hold whole numbers from 0 to 255`);
    bytes[index] = byte;
  }
  return bytes;
}

function byteArray(rt: Runtime, bytes: Uint8Array): Value {
  return arrayOf(buildItems(rt, bytes.length, (index) => bytes[index] ?? 0));
}

/**
 * Searches for a character that does not belong: a pattern for the whole string would need a stack as long as the
 * string.
 */
function isBase64(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return text.length % 4 === 0 && !/[^A-Za-z\d+/]/.test(text.slice(0, text.length - padding));
}

/** Decodes to a string whose characters are the bytes. */
function decodeBase64(rt: Runtime, str: Value, name: string): string {
  const text = asText(rt, str, `std.${name}: str`);
  spendText(rt, text.length);
  allocateText(rt, text.length);
  if (!isBase64(text)) throw fail(rt, `std.${name}: not base64: ${JSON.stringify(text.slice(0, 80))}`);
  return atob(text);
}

function hash(name: string, begin: () => Digest): FunctionValue {
  return define(["s"], (rt, s) => {
    const text = asText(rt, s, `std.${name}: s`);
    const digest = begin();
    // SHA-3 takes four nanoseconds per byte in Node. In a browser it takes fifty, where the time limit stops it
    // first.
    eachPiece(rt, text, 0.2, (piece) => digest.update(piece));
    return digest.hex();
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

const ENCODERS: Library = {
  base64: define(["input"], (rt, input) => made(rt, btoa(byteText(rt, input)))),
  base64Decode: define(["str"], (rt, str) => made(rt, decodeBase64(rt, str, "base64Decode"))),
  base64DecodeBytes: define(["str"], (rt, str) =>
    byteArray(rt, fromLatin1(decodeBase64(rt, str, "base64DecodeBytes"))),
  ),
  encodeUTF8: define(["str"], (rt, str) => {
    const text = asText(rt, str, "std.encodeUTF8: str");
    return byteArray(rt, toUtf8(made(rt, text)));
  }),
  decodeUTF8: define(["arr"], (rt, arr) => made(rt, fromUtf8(bytesOf(rt, arr, "std.decodeUTF8: arr")))),
  escapeStringJson: json,
  escapeStringPython: json,
  escapeStringBash: define(["str_"], (rt, str) => `'${replaceText(rt, toText(rt, str), "'", `'"'"'`)}'`),
  escapeStringDollars: define(["str_"], (rt, str) => replaceText(rt, toText(rt, str), "$", "$$")),
  escapeStringXML: define(["str_"], (rt, str) =>
    mapText(rt, toText(rt, str), (piece) => piece.replaceAll(/[<>&"']/g, (char) => XML.get(char) ?? char)),
  ),
};

export function encoders(hashes: Hashes): Library {
  const made = Object.entries(hashes).map(([name, begin]) => [name, hash(name, begin)] as const);
  return { ...ENCODERS, ...Object.fromEntries(made) };
}
