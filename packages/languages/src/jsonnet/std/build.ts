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

/* What library functions make: arrays and objects whose parts are computed late, as the language has it. */

const NOWHERE: Scope = { slots: [], up: null };

/** The first slot is a function, the others are its arguments. */
const CALL = codeOf(4, (rt, { slots: [fn, ...args] }) => call(rt, fn as FunctionValue, args));

/** What a function will give. */
export function delayCall(fn: FunctionValue, ...args: Slot[]): Slot {
  return thunkOf(CALL, { slots: [fn, ...args], up: null });
}

/** A thunk, its scope, and the slots of that, in slots. */
const DELAYED_CALL_SLOTS = 8;
/** With code of its own. */
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

/** Computes a slot. */
function slotCode(slot: Slot): Code {
  if (typeof slot !== "object" || slot === null || slot.kind !== "thunk") return constantCode(slot);
  return codeOf(1, (rt) => force(rt, slot));
}

/** A value that is computed when it is asked for. */
export function delay(rt: Runtime, run: (rt: Runtime) => ReturnType<Code["run"]>): Slot {
  allocateSlots(rt, DELAYED_SLOTS);
  return thunkOf(codeOf(4, run), NOWHERE);
}

/** A text that was made of others, counted now. */
export function made(rt: Runtime, text: string): string {
  allocateText(rt, text.length);
  spendText(rt, text.length);
  return text;
}
