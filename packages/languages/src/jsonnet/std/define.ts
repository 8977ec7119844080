import { force } from "../runtime.ts";
import {
  type Code,
  codeOf,
  constantCode,
  type FunctionValue,
  type Runtime,
  type Scope,
  type Slot,
  type StrictFunction,
  type Value,
} from "../value.ts";

/** Functions of the standard library by name. */
export type Library = Record<string, Value>;

const NOWHERE: Scope = { slots: [], up: null };
/** The height of a library function: it and `call` take a few frames. */
const HEIGHT = 4;

/** Parameters by the names a script may use: `"arr"`, or `["keyF", default]` for an optional one. */
export type ParameterList = readonly (string | readonly [string, Value | Code])[];

/** Defines a function that needs the values of all its arguments. */
export function define(parameters: ParameterList, strict: StrictFunction): FunctionValue {
  const body = codeOf(HEIGHT, (rt, { slots }) =>
    strict(rt, valueAt(rt, slots, 0), valueAt(rt, slots, 1), valueAt(rt, slots, 2), valueAt(rt, slots, 3)),
  );
  return { kind: "function", parameters: parameters.map(toParameter), scope: NOWHERE, body, strict };
}

/** Defines a function that chooses which of its arguments to compute. */
export function defineLazy(
  parameters: ParameterList,
  run: (rt: Runtime, slots: readonly Slot[]) => Value,
): FunctionValue {
  const body = codeOf(HEIGHT, (rt, { slots }) => run(rt, slots));
  return { kind: "function", parameters: parameters.map(toParameter), scope: NOWHERE, body, strict: null };
}

function toParameter(parameter: ParameterList[number]): FunctionValue["parameters"][number] {
  if (typeof parameter === "string") return { name: parameter, fallback: null };
  const [name, fallback] = parameter;
  const isCode = typeof fallback === "object" && fallback !== null && "run" in fallback;
  return { name, fallback: isCode ? fallback : constantCode(fallback) };
}

export function valueAt(rt: Runtime, slots: readonly Slot[], index: number): Value {
  return force(rt, slots[index] ?? null);
}
