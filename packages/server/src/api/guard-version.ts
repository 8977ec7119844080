import { AppError } from "../errors.ts";
import { headerOf } from "../http/request.ts";

type Headers = Parameters<typeof headerOf>[0];

/**
 * The hash that a client has seen of the draft that it writes, from `If-Match`: with quotes or without them, weak or
 * strong. Null: it does not care. A route that asks says `takes_if_match`.
 */
export function seenHash(headers: Headers): string | null {
  const given = headerOf(headers, "if-match").trim();
  return given === "" || given === "*" ? null : given.replace(/^(?:W\/)?"(.*)"$/, "$1");
}

/** Refuses to write over a draft that somebody else has changed. The draft must be locked. */
export function guardVersion(seen: string, hash: string): void {
  if (seen === hash) return;
  throw new AppError("precondition_failed", "somebody else has changed the draft since you read it", {
    detail: { hash },
  });
}
