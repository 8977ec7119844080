import { textLength } from "./text.ts";

/**
 * A script that does not compile, or an evaluation that failed or went over its budget. The message is fit for a log
 * and ends in the place, ` at 3:7`, where one is known. `line` and `column` count from one, columns in characters.
 */
export class JsonnetError extends Error {
  override name = "JsonnetError";
  readonly line: number | null;
  readonly column: number | null;

  constructor(reason: string, place: { line: number; column: number } | null = null, options?: ErrorOptions) {
    const short = shorten(reason);
    super(place === null ? short : `${short} at ${place.line}:${place.column}`, options);
    this.line = place?.line ?? null;
    this.column = place?.column ?? null;
  }
}

/** Bounds messages: a script may raise an error of any length, and once per evaluation. */
const MAX_LENGTH = 500;

function shorten(reason: string): string {
  return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH).toWellFormed()}…` : reason;
}

/** Makes an error at an offset of the source. */
export function errorAt(source: string, offset: number, reason: string): JsonnetError {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return new JsonnetError(reason, { line, column: textLength(before.slice(lineStart)) + 1 });
}
