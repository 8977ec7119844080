import type { Json } from "../json.ts";
import { fromJson } from "./json-value.ts";
import { toJson } from "./output/output.ts";
import { allocateText, fail } from "./runtime.ts";
import { defineLazy, valueAt } from "./std/define.ts";
import type { FunctionValue, Runtime, Slot } from "./value.ts";

/**
 * Functions of the program that embeds the engine. They take and return JSON; what they do is not counted in the budget
 * of the evaluation, so they must be quick. To refuse their arguments they throw a `HostError`.
 */
export interface HostFunction {
  /** In order; with a default the argument may be left out. */
  parameters: readonly (string | readonly [name: string, fallback: null | boolean | number | string])[];
  call: (args: Json[]) => Json;
}

export type HostFunctions = Readonly<Record<string, HostFunction>>;

/** Only the reason: the position in the script is added. */
export class HostError extends Error {
  override name = "HostError";
}

/** The values of the named functions, in that order. */
export function hostValues(names: readonly string[], functions: HostFunctions): FunctionValue[] {
  return names.map((name) => hostValue(name, Object.hasOwn(functions, name) ? functions[name] : undefined));
}

function hostValue(name: string, host: HostFunction | undefined): FunctionValue {
  if (host === undefined) {
    return defineLazy(
      [
        ["a", null],
        ["b", null],
        ["c", null],
      ],
      (rt) => {
        throw fail(rt, `${name} is not available here`);
      },
    );
  }
  const { parameters, call } = host;
  return defineLazy(parameters, (rt, slots) => {
    const { at } = rt;
    const args = parameters.map((_parameter, index) => jsonAt(rt, slots, index));
    rt.at = at;
    const result = callHost(rt, name, () => call(args));
    if (typeof result === "string") allocateText(rt, result.length);
    return fromJson(rt, result);
  });
}

function jsonAt(rt: Runtime, slots: readonly Slot[], index: number): Json {
  return toJson(rt, valueAt(rt, slots, index));
}

function callHost(rt: Runtime, name: string, call: () => Json): Json {
  try {
    return call();
  } catch (error) {
    if (error instanceof HostError) throw fail(rt, `${name}: ${error.message}`);
    throw error;
  }
}
