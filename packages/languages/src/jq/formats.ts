import { fromUtf8, textFromBase64, textToBase64, toUtf8 } from "../bytes.ts";
import type { Json } from "../json.ts";
import { charged, describe, JqFailure, type Meter, spend, strip, toJson, toText } from "./values.ts";

/** Writes a value so that it is safe in another language, as `@html` does in HTML. */
type Format = (meter: Meter, value: Json) => string;

const HTML: Record<string, string> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&quot;" };
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const FORMATS = new Map<string, Format>([
  ["text", toText],
  ["json", toJson],
  [
    "html",
    (meter, value) =>
      charged(meter, toText(meter, value)).replaceAll(/[<>&'"]/g, (char) => HTML[char] ?? char),
  ],
  ["uri", (meter, value) => escapeUri(charged(meter, toText(meter, value)))],
  ["csv", (meter, value) => row(meter, value, "csv", ",", (text) => `"${text.replaceAll('"', '""')}"`)],
  ["tsv", (meter, value) => row(meter, value, "tsv", "\t", escapeTsv)],
  ["sh", shellWords],
  ["base64", (meter, value) => textToBase64(charged(meter, toText(meter, value)))],
  ["base64d", fromBase64],
  ["base32", (meter, value) => toBase32(toUtf8(charged(meter, toText(meter, value))))],
  ["base32d", fromBase32],
]);

export const FORMAT_NAMES: readonly string[] = [...FORMATS.keys()];

export function findFormat(name: string): Format | undefined {
  return FORMATS.get(name);
}

/** Escapes `!*'()` too, which `encodeURIComponent` leaves alone and jq does not. */
function escapeUri(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!*'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function row(
  meter: Meter,
  value: Json,
  name: string,
  separator: string,
  escape: (text: string) => string,
): string {
  if (!Array.isArray(value)) {
    throw new JqFailure(`${describe(meter, value)} cannot be ${name}-formatted, only an array can be`);
  }
  spend(meter, value.length * 2);
  const cells = value.map((cell) => {
    if (typeof cell === "object" && cell !== null) {
      throw new JqFailure(`${describe(meter, cell)} is not valid in a ${name} row`);
    }
    if (typeof cell === "string") return escape(charged(meter, cell));
    return cell === null ? "" : toJson(meter, cell);
  });
  return cells.join(separator);
}

function escapeTsv(text: string): string {
  const escapes: Record<string, string> = { "\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\" };
  return text.replaceAll(/[\t\r\n\\]/g, (char) => escapes[char] ?? char);
}

function shellWords(meter: Meter, value: Json): string {
  const list = Array.isArray(value) ? value : [value];
  spend(meter, list.length * 2);
  const words = list.map((word) => {
    if (typeof word === "object" && word !== null) {
      throw new JqFailure(`${describe(meter, word)} can not be escaped for shell`);
    }
    return typeof word === "string"
      ? `'${charged(meter, word).replaceAll("'", "'\\''")}'`
      : toJson(meter, word);
  });
  return words.join(" ");
}

function fromBase64(meter: Meter, value: Json): string {
  const text = charged(meter, toText(meter, value));
  const digits = strip(text, "=", "end");
  if (!/^[A-Za-z0-9+/]*$/.test(digits))
    throw new JqFailure(`${describe(meter, value)} is not valid base64 data`);
  if (digits.length % 4 === 1) throw new JqFailure(`${describe(meter, value)} trailing base64 byte found`);
  return textFromBase64(digits);
}

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32.charAt((held >> (bits - 5)) & 31);
  }
  if (bits > 0) text += BASE32.charAt((held << (5 - bits)) & 31);
  return text.padEnd(Math.ceil(text.length / 8) * 8, "=");
}

function fromBase32(meter: Meter, value: Json): string {
  const text = strip(charged(meter, toText(meter, value)), "=", "end");
  if (!/^[A-Z2-7]*$/.test(text)) throw new JqFailure(`${describe(meter, value)} is not valid base32 data`);
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of text) {
    held = ((held << 5) | BASE32.indexOf(char)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  return fromUtf8(Uint8Array.from(bytes));
}
