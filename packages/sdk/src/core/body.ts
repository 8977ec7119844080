import { invalidInput } from "./errors.ts";

/** Of a request body, in bytes of UTF-8 JSON: 800 × 1024. */
export const MAX_BODY = 819_200;

const encoder = new TextEncoder();

/** A value as the bytes of its JSON, made once: they are measured, signed and sent. */
export function encodeJson(value: unknown, what: string): Uint8Array<ArrayBuffer> {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw invalidInput(what, `cannot be written as JSON: ${error instanceof Error ? error.message : "?"}`);
  }
  if (text === undefined) throw invalidInput(what, "cannot be written as JSON");
  return encoder.encode(text);
}

/** Refuses what the server would: before the network, with the size in the message. */
export function checkSize(bytes: Uint8Array, what: string, max: number = MAX_BODY): void {
  if (bytes.length <= max) return;
  const limit = max % 1024 === 0 ? `${max / 1024} KB` : `${max} bytes`;
  throw invalidInput(
    what,
    `is ${bytes.length} bytes of JSON, and at most ${limit} (${max} bytes) can be sent. Pass files as attachments by url, or split it`,
  );
}
