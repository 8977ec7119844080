import { allocateObject, allocateSlots, allocateText, call, force, spend, spendText } from "../runtime.ts";
import { buildItems } from "../work.ts";
import {
  arrayOf,
  type ArrayValue,
  type Code,
  codeOf,
  constantCode,
  type Field,
  type FunctionValue,
  objectOf,
  type ObjectValue,
  type Runtime,
  type Scope,
  type Slot,
  thunkOf,
} from "../value.ts";

/* The arrays and objects that library functions make, whose parts are computed lazily as the language requires. */

const NOWHERE: Scope = { slots: [], up: null };

/** Calls the function in the first slot with the other slots as arguments. */
const CALL = codeOf(4, (rt, { slots: [fn, ...args] }) => call(rt, fn as FunctionValue, args));

/** Delays a call. */
export function delayCall(fn: FunctionValue, ...args: Slot[]): Slot {
  return thunkOf(CALL, { slots: [fn, ...args], up: null });
}

/** The memory of a delayed call, in slots: a thunk, its scope and the scope's slots. */
const DELAYED_CALL_SLOTS = 8;
/** The same for a thunk with code of its own. */
const DELAYED_SLOTS = 12;

export function makeArray(rt: Runtime, count: number, item: (index: number) => Slot): ArrayValue {
  allocateSlots(rt, count * DELAYED_CALL_SLOTS);
  return arrayOf(buildItems(rt, count, item));
}

export function arrayFrom(rt: Runtime, items: readonly Slot[]): ArrayValue {
  allocateSlots(rt, items.length);
  return arrayOf(items);
}

export function objectFrom(
  rt: Runtime,
  entries: readonly (readonly [name: string, value: Slot, hidden?: boolean])[],
): ObjectValue {
  const fields = new Map<string, Field>();
  allocateObject(rt, 0);
  for (const [name, value, hidden = false] of entries) {
    spend(rt, 2);
    spendText(rt, name.length);
    allocateSlots(rt, DELAYED_SLOTS);
    fields.set(name, { visibility: hidden ? "hidden" : "inherited", body: slotCode(value), scope: null });
  }
  return objectOf([{ fields, locals: [], asserts: [], scope: NOWHERE, json: null }], "none");
}

/** Makes code that computes a slot. */
function slotCode(slot: Slot): Code {
  if (typeof slot !== "object" || slot === null || slot.kind !== "thunk") return constantCode(slot);
  return codeOf(1, (rt) => force(rt, slot));
}

/** Delays a computation until its value is needed. */
export function delay(rt: Runtime, run: (rt: Runtime) => ReturnType<Code["run"]>): Slot {
  allocateSlots(rt, DELAYED_SLOTS);
  return thunkOf(codeOf(4, run), NOWHERE);
}

/** Counts a string that was made of others. */
export function made(rt: Runtime, text: string): string {
  allocateText(rt, text.length);
  spendText(rt, text.length);
  return text;
}
