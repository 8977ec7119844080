import { describeValue } from "../text/describe-value.ts";
import { parseInstant } from "./instant.ts";
import type { Json } from "../json.ts";

/** Durations as workflows write them, and the instants that waiting nodes compute from them. */
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** The last instant with a four-digit year, which every later stage can store and format. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const DIGITS = /^\d{1,15}$/;
const NEGATIVE = /^-\s*\d/;
const LENGTH = "must be whole seconds or a duration such as 1d12h30m";
const LENGTH_OR_INSTANT =
  "must be whole seconds, a duration such as 1d12h30m, or an ISO-8601 instant in the future";

/**
 * Milliseconds of a duration: numbers each followed by `d`, `h`, `m` or `s`, in any order, repeatable and summed
 * (`1h30m`, `30m1h`, `90m`). A day is always 24 hours. Zero is a duration. Null for everything else, including white
 * space, fractions, signs, and sums that end beyond the four-digit years.
 */
export function parseDuration(text: string): number | null {
  let total = 0;
  let amount = 0;
  let digits = 0;
  for (const character of text) {
    const unit = UNIT_MS[character];
    if (character >= "0" && character <= "9") {
      amount = amount * 10 + Number(character);
      digits += 1;
    } else if (unit !== undefined && digits > 0) {
      total += amount * unit;
      if (total > LAST_INSTANT) return null;
      amount = digits = 0;
    } else {
      return null;
    }
  }
  return digits > 0 || text === "" ? null : total;
}

export type DurationResult = { ok: true; at: Date } | { ok: false; reason: string };

/**
 * When a dynamic value ends: whole seconds (also as text), a duration, or an instant strictly after `now`. The reason
 * for a refusal is meant for the run's log.
 */
export function resolveDurationValue(value: Json | undefined, now: Date): DurationResult {
  const length = lengthOf(value, LENGTH_OR_INSTANT);
  if (length.ok) return instantAfter(now, length.ms);
  const at = typeof value === "string" ? parseInstant(value.trim()) : null;
  if (at === null) return length;
  if (at <= now) return { ok: false, reason: `${at.toISOString()} is not in the future` };
  return { ok: true, at };
}

export interface RelativeTo {
  /** An ISO-8601 instant. */
  pivot: Json | undefined;
  offset_type: "before" | "after";
  /** Whole seconds or a duration. */
  offset: Json | undefined;
}

/**
 * `overdue`: the target has passed although its pivot is still to come, so the wait is over at once; `at` is then
 * `now`, and the caller should log a warning.
 */
export type RelativeResult =
  | { ok: true; at: Date; target: Date; overdue: boolean }
  | { ok: false; reason: string };

/**
 * When a wait relative to a pivot ends. A pivot in the past is refused only if the target has passed too: an hour after
 * something that happened ten minutes ago is still worth waiting for.
 */
export function resolveRelative({ pivot, offset_type, offset }: RelativeTo, now: Date): RelativeResult {
  const around = typeof pivot === "string" ? parseInstant(pivot.trim()) : null;
  if (around === null) {
    return { ok: false, reason: `the pivot must be an ISO-8601 instant: ${describe(pivot)}` };
  }
  const length = lengthOf(offset, LENGTH);
  if (!length.ok) return { ok: false, reason: `the offset is not valid: ${length.reason}` };
  const resolved = instantAfter(around, offset_type === "before" ? -length.ms : length.ms);
  if (!resolved.ok) return resolved;
  const target = resolved.at;
  if (target > now) return { ok: true, at: target, target, overdue: false };
  if (around > now) return { ok: true, at: now, target, overdue: true };
  return {
    ok: false,
    reason: `the pivot ${around.toISOString()} and the target ${target.toISOString()} are both past`,
  };
}

function lengthOf(
  value: Json | undefined,
  expected: string,
): { ok: true; ms: number } | { ok: false; reason: string } {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
    return { ok: true, ms: value * 1000 };
  if (typeof value === "string") {
    const text = value.trim();
    const ms = DIGITS.test(text) ? Number(text) * 1000 : parseDuration(text);
    if (ms !== null) return { ok: true, ms };
    if (NEGATIVE.test(text)) return { ok: false, reason: `must not be negative: ${describe(value)}` };
  }
  if (typeof value === "number" && value < 0) return { ok: false, reason: `must not be negative: ${value}` };
  return { ok: false, reason: `${expected}: ${describe(value)}` };
}

function instantAfter(from: Date, ms: number): DurationResult {
  const time = from.getTime() + ms;
  if (time > LAST_INSTANT) return { ok: false, reason: "ends after the year 9999" };
  return { ok: true, at: new Date(time) };
}

function describe(value: Json | undefined): string {
  if (value === undefined) return "got nothing";
  return typeof value === "string" ? `got "${describeValue(value)}"` : `got ${describeValue(value)}`;
}
