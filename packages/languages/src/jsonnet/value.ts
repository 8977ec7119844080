import type { JsonObject } from "../json.ts";
import type { Visibility } from "./syntax/ast.ts";
import type { JsonnetLimits } from "./limits.ts";

/*
 * The values a script computes with. Null, booleans, numbers (always finite) and strings are JavaScript's own; a
 * string is counted in characters, not UTF-16 units (`text.ts`). Everything else is tagged by `kind`. A value never
 * changes once made, except that delayed parts are cached.
 */
export type Value = null | boolean | number | string | ArrayValue | ObjectValue | FunctionValue;

/** A value, or a delayed one: array elements, variables and arguments are computed when first needed. */
export type Slot = Value | Thunk;

export interface ArrayValue {
  readonly kind: "array";
  readonly items: readonly Slot[];
}

export interface FunctionValue {
  readonly kind: "function";
  readonly parameters: readonly RuntimeParameter[];
  readonly scope: Scope;
  /** The body, in whose scope the first slots are the parameters. */
  readonly body: Code;
  /** What the body does on values, for a library function that needs all its arguments. */
  readonly strict: StrictFunction | null;
}

export type StrictFunction = (rt: Runtime, a: Value, b: Value, c: Value, d: Value) => Value;

export interface RuntimeParameter {
  readonly name: string;
  readonly fallback: Code | null;
}

/**
 * An object: a stack of layers, base first, one for each literal that was added. A field sees the whole stack as
 * `self` and the layers below its own as `super`.
 */
export interface ObjectValue {
  readonly kind: "object";
  readonly layers: readonly Layer[];
  /** The scope of each layer's fields in this object, made when first needed. */
  readonly scopes: (Scope | undefined)[];
  /** Fields computed so far, or null before the first. */
  cache: Map<string, Slot> | null;
  asserts: "none" | "unchecked" | "checked";
  /** Visible names in order, or null until first asked for. */
  names: readonly string[] | null;
}

export type Layer = ScriptLayer | JsonLayer;

export interface ScriptLayer {
  readonly fields: ReadonlyMap<string, Field>;
  /** Variables of the literal, each of which sees them all. */
  readonly locals: readonly Code[];
  readonly asserts: readonly Code[];
  readonly scope: Scope;
  readonly json: null;
}

/** An object of the data, read in place. */
export interface JsonLayer {
  readonly json: JsonObject;
}

export interface Field {
  readonly visibility: Visibility;
  readonly body: Code;
  /** The scope of the literal, where it is not the layer's: each field of a comprehension has its own. */
  readonly scope: Scope | null;
}

/** The variables of one part of a script. The position of a name is known when the script compiles. */
export interface Scope {
  readonly slots: Slot[];
  readonly up: Scope | null;
}

export interface Thunk {
  readonly kind: "thunk";
  readonly code: Code;
  /** Null while the thunk runs and afterwards. */
  scope: Scope | null;
  value: Value | undefined;
}

/** One evaluation: its budgets and its position (`runtime.ts`). */
export interface Runtime {
  readonly source: string;
  readonly limits: JsonnetLimits;
  readonly deadline: number;
  /** Steps until the clock is read again. */
  fuel: number;
  steps: number;
  allocated: number;
  /** The nesting of calls, fields and delayed values being computed. */
  depth: number;
  /** The estimated number of our own calls below. */
  height: number;
  /** The offset that an error would name. */
  at: number;
  /** The variable `data`, for `std.extVar`. */
  readonly data: Value;
  tail: TailCall | null;
}

/** A call in tail position, which the function leaves to its caller. */
export interface TailCall {
  fn: FunctionValue;
  scope: Scope;
}

export type Run = (rt: Runtime, scope: Scope) => Value;

/** A compiled expression. */
export interface Code {
  readonly run: Run;
  /** How deep its calls nest, not counting what it forces. */
  readonly height: number;
  /** Passes the expression on in the cheapest way: as a value, as a variable's slot, or as a thunk. */
  readonly delay: Delay;
  /** The value, where it is known before the code runs. */
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

/** Makes code that always gives the same value. */
export function constantCode(value: Value): Code {
  return { run: () => value, height: 1, delay: () => value, constant: value };
}

/** Makes code that is passed on as a thunk, unless a cheaper way is given. */
export function codeOf(height: number, run: Run, delay?: Delay): Code {
  const code: Code = {
    run,
    height,
    delay: delay ?? ((_rt, scope) => thunkOf(code, scope)),
    constant: undefined,
  };
  return code;
}
