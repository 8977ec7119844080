import {
  type Condition,
  type ConditionGroup,
  type ConditionLeaf,
  type ConditionScope,
  evaluateConditions,
} from "../src/core/conditions/conditions.ts";
import type { Json, JsonObject } from "../src/core/json.ts";

/* Conditions as workflows store them and as the API takes them; malformed ones too, which only typing would refuse. */

/** `value` is text that holds an expression: `'"gold"'`, `"100"`, `"$recipient.plan"`. */
export function leaf(
  variable: string,
  op: string,
  value?: Json,
  variable_ns?: string,
): ConditionLeaf & JsonObject {
  return {
    variable,
    op,
    ...(value !== undefined && { value }),
    ...(variable_ns !== undefined && { variable_ns }),
  } as ConditionLeaf & JsonObject;
}

export function group(
  op: "AND" | "OR",
  ...args: (ConditionLeaf | ConditionGroup)[]
): ConditionGroup & JsonObject {
  return { op, args } as ConditionGroup & JsonObject;
}

export function condition(expression: ConditionGroup): Condition & JsonObject {
  return { type: "expression_v1", expression_v1: expression } as Condition & JsonObject;
}

/** A condition whose leaves must all hold. */
export function all(...leaves: (ConditionLeaf | ConditionGroup)[]): Condition & JsonObject {
  return condition(group("AND", ...leaves));
}

/** Holds when a variable, of the payload unless a namespace is given, equals a text. */
export function is(variable: string, text: string, variable_ns = ""): Condition & JsonObject {
  return all(leaf(variable, "==", JSON.stringify(text), variable_ns));
}

/** Holds for the status of a message that a node of this ref made: `$message.seen`, … */
export function statusIs(ref: string, value: string, op: "IS" | "IS_NOT" = "IS"): Condition & JsonObject {
  const status = { variable_ns: "$ref", ref, variable: "message_status", op, value };
  return all(status as ConditionLeaf);
}

const NOON = new Date("2026-03-01T12:00:00.000Z");

/** What conditions are evaluated on at noon of 2026-03-01: a payload, and other namespaces. */
export function scopeOf(payload: Json, more: JsonObject = {}): ConditionScope {
  return { namespaces: { "": payload, ...more }, now: NOON };
}

/** `left op value` with the left side in the payload; undefined is a missing left side. */
export function holds(left: Json | undefined, op: string, value?: Json, more: JsonObject = {}): boolean {
  const payload = { ...more, ...(left !== undefined && { x: left }) };
  return evaluateConditions([all(leaf("x", op, value))], scopeOf(payload)).result;
}
