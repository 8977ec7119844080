import { isUtf8 } from "node:buffer";
import { parseJson } from "../core/json/parse-json.ts";
import { findUnsafe, maybeUnsafe } from "../core/json/json-guard.ts";
import { AppError } from "../errors.ts";

/** Parses a JSON body, with the wire's text for each kind of error. */
export function parseBody(raw: Buffer | null, guardsText: boolean): unknown {
  if (raw === null || raw.length === 0) {
    throw new AppError("bad_json", "Request body must not be empty");
  }
  // Decoded all the same, wrong bytes would become other characters, and somebody's name would be stored with them.
  if (!isUtf8(raw)) throw new AppError("bad_json", "Request body must be UTF-8");
  let value: unknown;
  try {
    value = parseJson(raw.toString("utf8"));
  } catch (cause) {
    throw new AppError("bad_json", "BAD REQUEST", { cause });
  }
  if (!guardsText && maybeUnsafe(raw)) {
    const unsafe = findUnsafe(value);
    if (unsafe !== null) throw new AppError("bad_json", unsafe);
  }
  return value;
}
