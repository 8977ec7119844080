import { errorAt, type JsonnetError } from "./jsonnet-error.ts";
import type { JsonnetLimits } from "./limits.ts";
import {
  type FunctionValue,
  type Runtime,
  type Scope,
  type Slot,
  type Thunk,
  thunkOf,
  type Value,
} from "./value.ts";

/*
 * The running of a script: the budgets of an evaluation, forcing what was delayed, calling functions. Every loop
 * spends steps, and everything made is allocated here before it is made. Whatever may recurse is entered and left, so
 * that neither the script's stack nor ours overflows. The clock is read only between steps, so whatever JavaScript
 * does in one piece must be short: lists and strings are handled by `work.ts`.
 */

const CLOCK_INTERVAL = 1000;
/** The calls that fit in the smallest default stack, with room for the caller's share of it. */
const MAX_HEIGHT = 3000;
/** The calls of our own around each of the script's. */
const CALL_HEIGHT = 6;

export function createRuntime(source: string, data: Value, limits: JsonnetLimits): Runtime {
  return {
    source,
    limits,
    deadline: performance.now() + limits.time,
    fuel: CLOCK_INTERVAL,
    steps: 0,
    allocated: 0,
    depth: 0,
    height: 0,
    at: 0,
    data,
    tail: null,
  };
}

export function fail(rt: Runtime, reason: string): JsonnetError {
  return errorAt(rt.source, rt.at, reason);
}

export function spend(rt: Runtime, steps: number): void {
  if ((rt.fuel -= steps) < 0) lookAtBudget(rt);
}

function lookAtBudget(rt: Runtime): void {
  rt.steps += CLOCK_INTERVAL - rt.fuel;
  rt.fuel = CLOCK_INTERVAL;
  if (rt.steps > rt.limits.steps) throw fail(rt, `evaluation takes more than ${rt.limits.steps} steps`);
  if (performance.now() > rt.deadline)
    throw fail(rt, `evaluation takes longer than ${rt.limits.time} milliseconds`);
}

/** Bytes per slot: a growing array is copied to where there is room, and a number with a fraction is stored apart. */
const SLOT_BYTES = 16;
const OBJECT_BYTES = 64;
const CHARACTER_BYTES = 2;

/** Accounts for memory before it is taken. Large allocations also take time, so bytes are spent as steps too. */
function allocate(rt: Runtime, bytes: number): void {
  // Written so that NaN fails too.
  if (!((rt.allocated += bytes) <= rt.limits.memory))
    throw fail(rt, `evaluation takes more than ${rt.limits.memory} bytes of memory`);
  if (bytes > 256) spend(rt, bytes / 128);
}

export function allocateSlots(rt: Runtime, count: number): void {
  allocate(rt, OBJECT_BYTES + count * SLOT_BYTES);
}

export function allocateObject(rt: Runtime, layers: number): void {
  allocate(rt, OBJECT_BYTES * 3 + layers * SLOT_BYTES);
}

/**
 * The longest string. JavaScript's operations on whole strings cannot be interrupted; at this length they take about
 * ten milliseconds.
 */
export const MAX_TEXT = 8 * 1024 * 1024;

export const TOO_LONG = `evaluation makes a text longer than ${MAX_TEXT} characters`;

export function allocateText(rt: Runtime, length: number): void {
  allocate(rt, length * CHARACTER_BYTES);
  if (length > MAX_TEXT) throw fail(rt, TOO_LONG);
}

/**
 * Spends steps for one scan of a string. Pass the length of the whole string even where only a part is scanned: a
 * concatenated one is copied when first read.
 */
export function spendText(rt: Runtime, length: number): void {
  if (length >= 16) spend(rt, length >> 4);
}

/** Must precede anything that may recurse. An evaluation ends with its first error, so only success leaves. */
export function enter(rt: Runtime, height: number): void {
  spend(rt, 1);
  if (++rt.depth > rt.limits.depth)
    throw fail(rt, `more than ${rt.limits.depth} calls within each other, perhaps without end`);
  if ((rt.height += height + CALL_HEIGHT) > MAX_HEIGHT) throw fail(rt, "expressions are nested too deeply");
}

export function leave(rt: Runtime, height: number): void {
  rt.depth--;
  rt.height -= height + CALL_HEIGHT;
}

/** Gives the value of a slot, computing it if it is delayed. */
export function force(rt: Runtime, slot: Slot): Value {
  if (typeof slot !== "object" || slot === null || slot.kind !== "thunk") return slot;
  return slot.value === undefined ? forceThunk(rt, slot) : slot.value;
}

function forceThunk(rt: Runtime, thunk: Thunk): Value {
  const { code, scope } = thunk;
  if (scope === null) throw fail(rt, "infinite recursion: a value is needed to compute itself");
  thunk.scope = null;
  const { at } = rt;
  enter(rt, code.height);
  const value = code.run(rt, scope);
  leave(rt, code.height);
  rt.at = at;
  thunk.value = value;
  return value;
}

/** Returned by a function's body instead of making its last call, which `rt.tail` holds. */
export const TAIL: Value = { kind: "array", items: [] };

export interface NamedSlot {
  readonly name: string;
  readonly slot: Slot;
}

const NO_NAMES: readonly NamedSlot[] = [];

export function call(rt: Runtime, fn: FunctionValue, slots: Slot[], named = NO_NAMES): Value {
  const { at } = rt;
  let scope = bind(rt, fn, slots, named);
  for (let current = fn; ;) {
    const { body } = current;
    enter(rt, body.height);
    const value = body.run(rt, scope);
    leave(rt, body.height);
    if (value !== TAIL || rt.tail === null) {
      rt.at = at;
      return value;
    }
    ({ fn: current, scope } = rt.tail);
    rt.tail = null;
  }
}

/** Makes the scope of a call, which takes over the slots. */
export function bind(rt: Runtime, fn: FunctionValue, slots: Slot[], named: readonly NamedSlot[]): Scope {
  const { parameters } = fn;
  const scope: Scope = { slots, up: fn.scope };
  const given = slots.length;
  if (given === parameters.length && named.length === 0) return scope;
  if (given > parameters.length)
    throw fail(rt, `too many arguments, expected ${describeArity(fn)}, got ${given}`);
  // Each parameter is searched for among the named arguments, twice.
  spend(rt, (parameters.length * named.length) >> 2);
  for (let index = given; index < parameters.length; index++) {
    const { name, fallback } = parameters[index] as FunctionValue["parameters"][number];
    const found = named.find((argument) => argument.name === name);
    if (found !== undefined) slots.push(found.slot);
    else if (fallback === null) throw fail(rt, `missing argument: ${name}`);
    else slots.push(thunkOf(fallback, scope));
  }
  for (const { name } of named) checkName(rt, parameters, name, given);
  return scope;
}

function checkName(rt: Runtime, parameters: FunctionValue["parameters"], name: string, given: number): void {
  const index = parameters.findIndex((parameter) => parameter.name === name);
  if (index === -1) throw fail(rt, `function has no parameter ${name}`);
  if (index < given) throw fail(rt, `argument ${name} is given twice`);
}

function describeArity({ parameters }: FunctionValue): string {
  return parameters.length === 1 ? "1 parameter" : `${parameters.length} parameters`;
}
