import { invalidInput } from "./errors.ts";
import { isRecord } from "./is-record.ts";

/* Checks of what callers give, before anything is sent. Each names the field and the fix. */

/** A text with something in it, trimmed. */
export function text(field: string, value: unknown, max = 255): string {
  if (typeof value !== "string") throw invalidInput(field, `must be a string, and is ${kindOf(value)}`);
  const trimmed = value.trim();
  if (trimmed === "") throw invalidInput(field, "must not be empty");
  if (trimmed.length > max) {
    throw invalidInput(field, `must be at most ${max} characters, and has ${trimmed.length}`);
  }
  return wellFormed(field, trimmed);
}

/** What is not can be neither in a path nor in PostgreSQL, and as UTF-8 it is another text. */
export function wellFormed(field: string, value: string): string {
  if (!/\p{Surrogate}/u.test(value)) return value;
  throw invalidInput(field, "must be whole characters, and has one half of a surrogate pair");
}

/** The same for something that may be left out. */
export function optionalText(field: string, value: unknown, max = 255): string | undefined {
  return value === undefined || value === null ? undefined : text(field, value, max);
}

/** A name as a segment of a path. */
export function segment(field: string, value: unknown, max = 255): string {
  const name = text(field, value, max);
  // A URL drops such a segment, however it is written, so that the call would be about something else.
  if (name === "." || name === "..") throw invalidInput(field, `cannot be '${name}' in a path`);
  return encodeURIComponent(name);
}

export function tenantId(field: string, value: unknown): string | undefined {
  const id = optionalText(field, value, 64);
  if (id !== undefined && !/^[A-Za-z0-9_-]+$/.test(id)) {
    throw invalidInput(field, "must be made of letters, digits, _ and -");
  }
  return id;
}

/** What a header is made of: printable ASCII without blanks. */
export function token(field: string, value: unknown): string {
  const given = text(field, value, 1000);
  if (!/^[!-~]+$/.test(given)) throw invalidInput(field, "must be made of printable ASCII, without blanks");
  return given;
}

export function array<Item>(field: string, value: readonly Item[]): readonly Item[] {
  if (!Array.isArray(value)) throw invalidInput(field, `must be an array, and is ${kindOf(value)}`);
  return value;
}

/** Items of a list, between 1 and so many. */
export function items<Item>(field: string, value: readonly Item[], max: number): readonly Item[] {
  array(field, value);
  if (value.length === 0) throw invalidInput(field, "must contain at least 1 item");
  if (value.length > max) {
    throw invalidInput(field, `must contain at most ${max} items, and has ${value.length}`);
  }
  return value;
}

export function ids(field: string, value: readonly string[], max: number): string[] {
  return items(field, value, max).map((id, index) => text(`${field}[${index}]`, id));
}

/** A plain object: what JSON calls one. */
export function record(field: string, value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw invalidInput(field, `must be an object, and is ${kindOf(value)}`);
  return value;
}

/** The options of a call; null is none. */
export function optionsOf<Options extends object>(given: Options | null | undefined): Partial<Options> {
  return given === undefined || given === null ? {} : (record("options", given) as Partial<Options>);
}

/** Something to call, which may be left out. */
export function optionalFunction<Call>(field: string, value: Call): Call | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "function") throw invalidInput(field, `must be a function, and is ${kindOf(value)}`);
  return value;
}

/** Longer timers than this end at once. */
export const MAX_TIMEOUT = 2_147_483_647;

export function within(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  const given = typeof value === "number" ? value : kindOf(value);
  throw invalidInput(field, `must be a number from ${least} to ${most}, and is ${given}`);
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value === undefined) return "missing";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
