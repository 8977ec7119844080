import { CarillonError, invalidInput, reasonOf } from "./errors.ts";

/** Of a request body: 800 × 1024 UTF-16 units of JSON, as the server and the clients of the wire count. */
export const MAX_BODY = 819_200;

const encoder = new TextEncoder();

/** A value as the bytes of its JSON, made once: they are measured, signed and sent. */
export function encodeJson(value: unknown, what: string): Uint8Array<ArrayBuffer> {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new CarillonError("invalid_input", `${what}: cannot be written as JSON: ${reasonOf(error)}`, {
      field: what,
      cause: error,
    });
  }
  if (text === undefined) throw invalidInput(what, "cannot be written as JSON");
  return encoder.encode(text);
}

/** The bytes of a record that may be sent. */
export function measured(value: unknown, what: string, max: number = MAX_BODY): Uint8Array<ArrayBuffer> {
  const bytes = encodeJson(value, what);
  checkSize(bytes, what, max);
  return bytes;
}

/** Refuses what the server would: before the network, with the size in the message. */
export function checkSize(bytes: Uint8Array, what: string, max: number = MAX_BODY): void {
  if (fits(bytes, max)) return;
  throw invalidInput(
    what,
    `is ${countUnits(bytes)} characters of JSON, and at most ${max / 1024} KB (${max}) can be sent. Pass files as attachments by url, or split it`,
  );
}

/** Bytes are never fewer than units, so that most are not counted. */
export function fits(bytes: Uint8Array, max: number): boolean {
  return bytes.length <= max || countUnits(bytes) <= max;
}

/** UTF-16 units of a UTF-8 text: one for each character, two for those of four bytes. */
function countUnits(bytes: Uint8Array): number {
  let units = 0;
  for (const byte of bytes) {
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}
