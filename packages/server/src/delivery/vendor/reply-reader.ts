import type { Json } from "../../core/json.ts";
import { getAtPath, parseJsonPath } from "../../core/json/json-path.ts";
import { parseJson } from "../../core/json/parse-json.ts";
import { createTimeLimit } from "../../expressions/time-limit.ts";

/**
 * Reads one value from a reply whose shape a customer describes. A reader is written as
 *
 * - a path into a JSON reply: `id`, `data.messages[0].id`, `$.response["message-id"]`; or
 * - a pattern over the text of any reply, between slashes: `/^success \| (\w+)/i`. The first group is the value, or the
 *   whole match if there is no group.
 *
 * Undefined if the reply has no such value, or one that is not text, a number or a boolean.
 */
export type ReplyReader = (body: string) => string | undefined;

const MAX_PATTERN_LENGTH = 200;

/** How much of a reply a pattern sees, in characters. */
const MAX_MATCHED_LENGTH = 10_000;

/** A pattern that backtracks endlessly is stopped: it runs on the thread that sends everything else. */
const MATCH_TIMEOUT_MS = 50;

/** Throws for a text that is neither a path nor a pattern. */
export function compileReader(source: string): ReplyReader {
  const pattern = /^\/(.*)\/([imsu]*)$/s.exec(source);
  return pattern === null ? pathReader(source) : patternReader(pattern[1] ?? "", pattern[2] ?? "");
}

function pathReader(source: string): ReplyReader {
  const path = source.startsWith("/") ? null : parseJsonPath(source.trim().replace(/^\$/, ""));
  if (path === null) {
    throw new Error(`"${source}" is neither a path nor a /pattern/`);
  }
  return (body) => {
    const value = getAtPath(parseReply(body), path);
    const readable = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    return readable ? String(value) : undefined;
  };
}

/** The JSON that a vendor sent, as `parseJson` reads it; undefined if it is none. */
export function parseReply(body: string): Json | undefined {
  try {
    return parseJson(body.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

function patternReader(source: string, flags: string): ReplyReader {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new Error(`a pattern has at most ${MAX_PATTERN_LENGTH} characters`);
  }
  const pattern = new RegExp(source, flags);
  const limit = createTimeLimit(MATCH_TIMEOUT_MS);
  return (body) => {
    const match = limit(() => pattern.exec(body.slice(0, MAX_MATCHED_LENGTH)))?.value;
    return match?.[1] ?? match?.[0];
  };
}
