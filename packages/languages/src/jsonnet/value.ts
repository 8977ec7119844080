import type { JsonObject } from "../json.ts";
import type { Visibility } from "./syntax/ast.ts";
import type { JsonnetLimits } from "./limits.ts";

/*
 * What a script computes with. Null, booleans, numbers (always finite) and strings are JavaScript's own; a string
 * counts by characters, not by UTF-16 units (`text.ts`). All else is tagged by `kind`. No value is changed once
 * made, except that what is computed late is kept.
 */
export type Value = null | boolean | number | string | ArrayValue | ObjectValue | FunctionValue;

/** A value, or the promise of one: array elements, variables and arguments are computed when first needed. */
export type Slot = Value | Thunk;

export interface ArrayValue {
  readonly kind: "array";
  readonly items: readonly Slot[];
}

export interface FunctionValue {
  readonly kind: "function";
  readonly parameters: readonly RuntimeParameter[];
  readonly scope: Scope;
  /** Its first slots are the parameters. */
  readonly body: Code;
  /** Of a function of the standard library whose arguments are all needed: what the body does, on values. */
  readonly strict: StrictFunction | null;
}

export type StrictFunction = (rt: Runtime, a: Value, b: Value, c: Value, d: Value) => Value;

export interface RuntimeParameter {
  readonly name: string;
  readonly fallback: Code | null;
}

/**
 * An object is a pile of layers, base first, one for each literal that was added. A field sees the whole pile as
 * `self` and what lies below its layer as `super`.
 */
export interface ObjectValue {
  readonly kind: "object";
  readonly layers: readonly Layer[];
  /** The scope of each layer's fields in this object, made when first needed. */
  readonly scopes: (Scope | undefined)[];
  /** Fields computed so far, once there are any. */
  cache: Map<string, Slot> | null;
  asserts: "none" | "unchecked" | "checked";
  /** Visible names in order, once asked for. */
  names: readonly string[] | null;
}

export type Layer = ScriptLayer | JsonLayer;

export interface ScriptLayer {
  readonly fields: ReadonlyMap<string, Field>;
  /** Variables of the literal, each seeing all. */
  readonly locals: readonly Code[];
  readonly asserts: readonly Code[];
  readonly scope: Scope;
  readonly json: null;
}

/** An object of the data, read where it lies. */
export interface JsonLayer {
  readonly json: JsonObject;
}

export interface Field {
  readonly visibility: Visibility;
  readonly body: Code;
  /** Where the literal stands, if that is not the layer's: each field of a comprehension has its own. */
  readonly scope: Scope | null;
}

/** Variables of one piece of a script. Where a name stands is known when it compiles. */
export interface Scope {
  readonly slots: Slot[];
  readonly up: Scope | null;
}

export interface Thunk {
  readonly kind: "thunk";
  readonly code: Code;
  /** Null while it runs and after. */
  scope: Scope | null;
  value: Value | undefined;
}

/** One evaluation: its budgets and where it stands (`runtime.ts`). */
export interface Runtime {
  readonly source: string;
  readonly limits: JsonnetLimits;
  readonly deadline: number;
  /** Steps until the next look at the clock. */
  fuel: number;
  steps: number;
  allocated: number;
  /** Calls, fields and delayed values that are being computed, within each other. */
  depth: number;
  /** Calls of our own below, estimated. */
  height: number;
  /** The place an error would name. */
  at: number;
  /** The variable `data`, for `std.extVar`. */
  readonly data: Value;
  tail: TailCall | null;
}

/** A call that the function it stands last in has left to its caller. */
export interface TailCall {
  fn: FunctionValue;
  scope: Scope;
}

export type Run = (rt: Runtime, scope: Scope) => Value;

/** A compiled expression. */
export interface Code {
  readonly run: Run;
  /** How deep its calls go, not counting what it forces. */
  readonly height: number;
  /** What it takes to pass it on: nothing at all, a look at a variable, or a thunk. */
  readonly delay: Delay;
  /** Its value, where that is known before it runs. */
  readonly constant: Value | undefined;
}

export type Delay = (rt: Runtime, scope: Scope) => Slot;

export function thunkOf(code: Code, scope: Scope): Thunk {
  return { kind: "thunk", code, scope, value: undefined };
}

export function arrayOf(items: readonly Slot[]): ArrayValue {
  return { kind: "array", items };
}

export function objectOf(layers: readonly Layer[], asserts: ObjectValue["asserts"]): ObjectValue {
  return { kind: "object", layers, scopes: [], cache: null, asserts, names: null };
}

export function typeOf(value: Value): string {
  return value === null ? "null" : typeof value === "object" ? value.kind : typeof value;
}

export function isArray(value: Value): value is ArrayValue {
  return typeof value === "object" && value !== null && value.kind === "array";
}

export function isObject(value: Value): value is ObjectValue {
  return typeof value === "object" && value !== null && value.kind === "object";
}

export function isFunction(value: Value): value is FunctionValue {
  return typeof value === "object" && value !== null && value.kind === "function";
}

/** Code that gives the same value wherever it runs. */
export function constantCode(value: Value): Code {
  return { run: () => value, height: 1, delay: () => value, constant: value };
}

/** Code that is passed on as a thunk, if there is no cheaper way. */
export function codeOf(height: number, run: Run, delay?: Delay): Code {
  const code: Code = {
    run,
    height,
    delay: delay ?? ((_rt, scope) => thunkOf(code, scope)),
    constant: undefined,
  };
  return code;
}
