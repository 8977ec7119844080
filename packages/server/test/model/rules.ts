import type { Json, JsonObject } from "../../src/core/json.ts";
import type { Computed, Field, Group, Leaf } from "./tree.ts";

/** The reference model's rules that need no history: conditions, transforms, schedules, and the text of a message. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function compute(what: Exclude<Computed, "failure">, data: JsonObject): JsonObject {
  switch (what) {
    case "note":
      return { note: `${text(data.color)}/${text(data.n)}` };
    case "next level":
      return { level: Number(data.level) + 1 };
    case "red":
      return { color: "red" };
  }
}

/** The template of `tree.ts`. */
export function says(data: JsonObject): string {
  const events = data.$batched_events;
  const items = Array.isArray(events) ? events.map((item) => ` ${text((item as JsonObject).n)}`) : [];
  const batched = items.length === 0 ? "-" : `${text(data.$batched_events_count)}:${items.join("")}`;
  return [data.n, data.color, data.level, data.note ?? "-", batched].map(text).join(" ");
}

function text(value: Json | undefined): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function passes(
  { leaves, groups }: { leaves: Leaf[]; groups: Group[] },
  payload: JsonObject,
  event: JsonObject,
) {
  return (
    leaves.every((leaf) => isTrue(leaf, payload, event)) &&
    (groups.length === 0 || groups.some((group) => holds(group, payload, event)))
  );
}

export function holds({ op, leaves }: Group, payload: JsonObject, event: JsonObject): boolean {
  return op === "AND"
    ? leaves.every((leaf) => isTrue(leaf, payload, event))
    : leaves.some((leaf) => isTrue(leaf, payload, event));
}

/** A filter looks in the event first. A missing value equals nothing, and only numbers are ordered. */
function isTrue({ of, field, op, to }: Leaf, payload: JsonObject, event: JsonObject): boolean {
  const own = valueOf(event, field);
  const left = of === "event" || own !== undefined ? own : valueOf(payload, field);
  const right = "field" in to ? valueOf(payload, to.field) : to.value;
  const are_numbers = typeof left === "number" && typeof right === "number";
  switch (op) {
    case "==":
      return left !== undefined && left === right;
    case "!=":
      return left === undefined || left !== right;
    case ">":
      return are_numbers && left > right;
    case "<":
      return are_numbers && left < right;
  }
}

function valueOf(data: JsonObject, field: Field): Json | undefined {
  return data[field];
}

/** The first full hour of that number after `now`, on one of the days (0 is Sunday), in UTC. */
export function nextOpening(now: number, hour: number, weekdays: number[] | null): number {
  let at = Math.floor(now / DAY) * DAY + hour * HOUR;
  while (at <= now || (weekdays !== null && !weekdays.includes(new Date(at).getUTCDay()))) at += DAY;
  return at;
}
