/*
 * Strings as bytes and back, using only what browsers and Node have in common, nearly as fast as Node's Buffer:
 * `btoa` for ASCII, a table for the rest. `Uint8Array.fromBase64` is too recent for the Node we run on.
 */
const ENCODER = new TextEncoder();
/** Keeps a byte order mark, as Node's Buffer does. */
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
/** The number of arguments that a call can take on any stack. */
const CHUNK = 4096;
const SHORT = 64;
const DIGITS = ENCODER.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = 61;
// oxlint-disable-next-line no-control-regex
const BEYOND_ASCII = /[^\u0000-\u007f]/;

export function toUtf8(text: string): Uint8Array {
  return isShortAscii(text) ? unitsOf(text) : ENCODER.encode(text);
}

/** Decodes UTF-8. Invalid bytes become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** Counts the bytes without making them. Half a surrogate pair becomes U+FFFD, which takes three. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // The second unit of a pair is counted already: two units are four bytes.
    if (unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(at + 1))) at++;
  }
  return length;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Tests a short string for ASCII, which costs less than encoding it. A long one is better encoded right away. */
function isShortAscii(text: string): boolean {
  return text.length <= SHORT && !BEYOND_ASCII.test(text);
}

/** Makes a string whose characters are the bytes. */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK) as unknown as number[]);
  }
  return text;
}

/** Makes bytes of a string whose characters are all below 256. */
export function fromLatin1(text: string): Uint8Array {
  if (text.length <= SHORT) return unitsOf(text);
  const encoded = ENCODER.encode(text);
  return encoded.length === text.length ? encoded : joinHalves(encoded, text.length);
}

function unitsOf(text: string): Uint8Array {
  const units = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

/** Undoes UTF-8, in which each byte above 127 takes two: faster than reading a long string by its characters. */
function joinHalves(encoded: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let to = 0; to < length; to++) {
    const byte = byteAt(encoded, at++);
    bytes[to] = byte < 0x80 ? byte : ((byte & 3) << 6) | (byteAt(encoded, at++) & 63);
  }
  return bytes;
}

/** Encodes the UTF-8 of a string in base64. */
export function textToBase64(text: string): string {
  if (isShortAscii(text)) return btoa(text);
  const bytes = toUtf8(text);
  return bytes.length === text.length ? btoa(text) : toBase64(bytes);
}

/** Decodes base64 without padding to a string. The caller has checked that it is valid. */
export function textFromBase64(digits: string): string {
  const text = atob(digits);
  if (isShortAscii(text)) return text;
  return fromUtf8(fromLatin1(text));
}

function toBase64(bytes: Uint8Array): string {
  const digits = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let to = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const three = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    digits[to++] = byteAt(DIGITS, three >> 18);
    digits[to++] = byteAt(DIGITS, (three >> 12) & 63);
    digits[to++] = byteAt(DIGITS, (three >> 6) & 63);
    digits[to++] = byteAt(DIGITS, three & 63);
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return fromUtf8(digits.fill(PADDING, digits.length - missing));
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
