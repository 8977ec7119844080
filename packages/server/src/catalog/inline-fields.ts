import { cut } from "../core/text/text.ts";
import { parseDuration } from "../core/time/duration.ts";
import { parseInstant } from "../core/time/instant.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { refuse } from "../core/trigger.ts";

/** Fields of the bodies that name a template, its category and its time instead of a workflow. They refuse by `refuse`. */
const MAX_NAME = 255;

/** The last instant with a four-digit year. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The wire's text. Numbers are seconds. */
const notADuration = (given: Json): string => {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  return `invalid duration-format ${cut(text, 64)}. valid format [xx]d[xx]h[xx]m[xx]s`;
};

/** A duration, or whole seconds as a number or as text; null for none. */
export function parseDelay(value: Json, name: string): string | null {
  if (value === null || value === "") return null;
  const seconds = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  const text = seconds || (typeof value === "string" && /^\d+$/.test(value)) ? `${String(value)}s` : value;
  if (typeof text !== "string" || parseDuration(text) === null) refuse(`${name}: ${notADuration(value)}`);
  return text;
}

export function parseTriggerAt(value: Json): Date | null {
  if (value === null || value === "") return null;
  const at = typeof value === "string" ? parseInstant(value.trim()) : null;
  if (at === null) refuse("trigger_at: must be an ISO-8601 instant");
  if (at.getTime() > LAST_INSTANT) refuse("trigger_at: is too far in the future");
  return at;
}

export function requireText(record: JsonObject, name: string): string {
  const value = record[name] ?? null;
  if (value !== null && typeof value !== "string") refuse(`${name}: must be a string`);
  const text = value?.trim() ?? "";
  if (text === "") refuse(`{"${name}":"is a required field"}`);
  if (text.length > MAX_NAME) refuse(`${name}: must be at most ${MAX_NAME} characters`);
  return text;
}
