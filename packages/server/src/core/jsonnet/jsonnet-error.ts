import { textLength } from "./text.ts";

/**
 * A script that does not compile, or an evaluation that failed or went over its budget. The message is meant for
 * a step log: it ends in the place, ` at 3:7`, where one is known. `line` and `column` count from one, columns in
 * characters.
 */
export class JsonnetError extends Error {
  override name = "JsonnetError";
  readonly line: number | null;
  readonly column: number | null;

  constructor(reason: string, place: { line: number; column: number } | null = null, options?: ErrorOptions) {
    super(place === null ? reason : `${reason} at ${place.line}:${place.column}`, options);
    this.line = place?.line ?? null;
    this.column = place?.column ?? null;
  }
}

/** An error at an offset of a source. */
export function errorAt(source: string, offset: number, reason: string): JsonnetError {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return new JsonnetError(reason, { line, column: textLength(before.slice(lineStart)) + 1 });
}
