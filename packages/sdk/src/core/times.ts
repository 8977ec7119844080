import { text } from "./check.ts";
import { invalidInput } from "./errors.ts";

/** Seconds, or `XXdXXhXXmXXs`. */
export function delayOf(delay: number | string): number | string {
  if (
    typeof delay === "number"
      ? Number.isFinite(delay) && delay >= 0
      : /^\s*(\d+|(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?)\s*$/.test(delay)
  ) {
    return delay;
  }
  throw invalidInput("delay", "must be seconds, or a duration like 1d2h30m10s");
}

export function timeOf(field: string, given: Date | string): string {
  const time = given instanceof Date ? given.getTime() : Date.parse(text(field, given));
  if (Number.isNaN(time))
    throw invalidInput(field, "must be a Date or an ISO 8601 date-time, like 2026-11-30T13:00:00Z");
  return given instanceof Date ? given.toISOString() : given;
}
