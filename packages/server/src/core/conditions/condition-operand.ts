import { parseJson } from "../json/parse-json.ts";
import { parseDuration } from "../time/duration.ts";
import type { Json } from "../json.ts";
import { getAtPath, getOwn, type JsonPath, parseJsonPath } from "../json/json-path.ts";

/**
 * The two sides of a condition leaf. Left is a key path in a namespace. Right is a text that holds an expression: a
 * JSON literal, a dynamic value, or, since published samples leave out the quotes, plain text.
 */
export interface Namespaces {
  /** The payload is at "", the others at their wire names. */
  readonly [name: string]: Json;
}

export type Operand =
  | { kind: "literal"; value: Json | undefined }
  /** `now+30d`: an offset in milliseconds from the time of evaluation. */
  | { kind: "relative"; offset: number }
  | { kind: "path"; namespace: string; path: JsonPath }
  /** The payload's value if the payload has it, otherwise what the text itself means. */
  | { kind: "bare"; key: Key; text: string; offset: number | null };

/** A key path, and the whole text in case it is one key with dots in it. */
export interface Key {
  whole: string;
  path: JsonPath | null;
}

/** Namespaces that a dynamic value may start with. Other names with a `$` are payload keys (`$batched_events_count`). */
export const NAMESPACES = [
  "$recipient",
  "$actor",
  "$brand",
  "$tenant",
  "$category",
  "$future_event",
  "$organization",
  "$workflow",
] as const;

const DYNAMIC: ReadonlySet<string> = new Set(NAMESPACES);

const NOW = /^now(?:\s*([+-])\s*([\ddhms]{2,100}))?$/;
const LOOKS_LIKE_JSON = /^(?:["[{\d-]|true$|false$|null$)/;

export function parseKey(text: string): Key {
  return { whole: text, path: parseJsonPath(text) };
}

/** Parses a stored `value` once; parts that depend on the data are left for `resolveOperand`. */
export function parseOperand(value: Json | undefined, isInstant: boolean): Operand {
  if (typeof value !== "string") return { kind: "literal", value };
  const text = value.trim();
  const literal = parseLiteral(text);
  if (literal !== undefined) {
    const offset = isInstant && typeof literal === "string" ? parseNow(literal.trim()) : null;
    return offset === null ? { kind: "literal", value: literal } : { kind: "relative", offset };
  }
  return (
    parseDynamic(text) ?? {
      kind: "bare",
      key: parseKey(text),
      text,
      offset: isInstant ? parseNow(text) : null,
    }
  );
}

/** The current value of an operand; undefined where the data does not have it. Relative times become ISO-8601. */
export function resolveOperand(operand: Operand, namespaces: Namespaces, now: Date): Json | undefined {
  if (operand.kind === "literal") return operand.value;
  if (operand.kind === "relative") return instantAt(now, operand.offset);
  if (operand.kind === "path") return getAtPath(getOwn(namespaces, operand.namespace), operand.path);
  const found = lookUp(getOwn(namespaces, ""), operand.key);
  if (found !== undefined) return found;
  return operand.offset === null ? operand.text : instantAt(now, operand.offset);
}

export function lookUp(root: Json | undefined, { whole, path }: Key): Json | undefined {
  const own = getOwn(root, whole);
  return own !== undefined || path === null ? own : getAtPath(root, path);
}

function parseLiteral(text: string): Json | undefined {
  if (!LOOKS_LIKE_JSON.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** `$recipient.plan`, `data.k`, `data["$recipient"].plan`, `.k`, `."$recipient".plan`. */
function parseDynamic(text: string): Operand | null {
  const isData = /^data[.[]/.test(text);
  if (!isData && !/^[.$]/.test(text)) return null;
  const path = parseJsonPath(text)?.slice(isData ? 1 : 0);
  const first = path?.[0];
  if (path === undefined || first === undefined) return null;
  if (DYNAMIC.has(first)) return { kind: "path", namespace: first, path: path.slice(1) };
  return text.startsWith("$") ? null : { kind: "path", namespace: "", path };
}

/** Milliseconds from now to the time that the text means. */
function parseNow(text: string): number | null {
  const match = NOW.exec(text);
  if (match === null) return null;
  const [, sign, length] = match;
  if (length === undefined) return 0;
  const offset = parseDuration(length);
  return offset !== null && sign === "-" ? -offset : offset;
}

/** Undefined outside years 0 to 9999, for which ISO-8601 has four digits. */
function instantAt(now: Date, offset: number): string | undefined {
  const at = new Date(now.getTime() + offset);
  return at.getUTCFullYear() >= 0 && at.getUTCFullYear() <= 9999 ? at.toISOString() : undefined;
}
