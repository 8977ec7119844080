import { compare, equals } from "../equality.ts";
import { quote, toText } from "../output/manifest.ts";
import { fieldNames } from "../object.ts";
import { fail, spendText } from "../runtime.ts";
import { textLength } from "../text.ts";
import { isArray, isFunction, isObject, type Runtime, typeOf, type Value } from "../value.ts";
import { asBoolean, asText } from "./arguments.ts";
import { define, defineLazy, type Library, valueAt } from "./define.ts";

function lengthOf(rt: Runtime, x: Value): number {
  if (typeof x === "string") {
    spendText(rt, x.length);
    return textLength(x);
  }
  if (isArray(x)) return x.items.length;
  if (isObject(x)) return fieldNames(rt, x, false).length;
  if (isFunction(x)) return x.parameters.length;
  throw fail(rt, `std.length: x must be a string, array, object or function, got ${typeOf(x)}`);
}

/** Functions for types, for the outside world, and for failing on purpose. */
export const TYPES: Library = {
  thisFile: "script.jsonnet",
  type: define(["x"], (_rt, x) => typeOf(x)),
  isString: define(["v"], (_rt, v) => typeof v === "string"),
  isNumber: define(["v"], (_rt, v) => typeof v === "number"),
  isBoolean: define(["v"], (_rt, v) => typeof v === "boolean"),
  isNull: define(["v"], (_rt, v) => v === null),
  isObject: define(["v"], (_rt, v) => isObject(v)),
  isArray: define(["v"], (_rt, v) => isArray(v)),
  isFunction: define(["v"], (_rt, v) => isFunction(v)),
  length: define(["x"], lengthOf),
  toString: define(["a"], toText),
  equals: define(["a", "b"], equals),
  primitiveEquals: define(["x", "y"], (rt, x, y) => {
    if (isArray(x) || isObject(x)) throw fail(rt, `std.primitiveEquals does not compare ${typeOf(x)}s`);
    return equals(rt, x, y);
  }),
  __compare: define(["v1", "v2"], (rt, a, b) => Math.sign(compare(rt, a, b))),
  xor: define(["x", "y"], (rt, x, y) => asBoolean(rt, x, "std.xor: x") !== asBoolean(rt, y, "std.xor: y")),
  xnor: define(["x", "y"], (rt, x, y) => asBoolean(rt, x, "std.xnor: x") === asBoolean(rt, y, "std.xnor: y")),
  extVar: define(["x"], (rt, x) => {
    const name = asText(rt, x, "std.extVar: x");
    if (name !== "data") throw fail(rt, `undefined external variable: ${name}`);
    return rt.data;
  }),
  native: define(["name"], (rt, name) => {
    throw fail(rt, `std.native is not available here: ${asText(rt, name, "std.native: name")}`);
  }),
  // Traces go nowhere, but the argument must still be a string.
  trace: defineLazy(["str", "rest"], (rt, slots) => {
    asText(rt, valueAt(rt, slots, 0), "std.trace: str");
    return valueAt(rt, slots, 1);
  }),
  assertEqual: define(["a", "b"], (rt, a, b) => {
    if (equals(rt, a, b)) return true;
    const [left, right] = [a, b].map((side) =>
      typeof side === "string" ? quote(rt, side) : toText(rt, side),
    );
    throw fail(rt, `assertion failed: ${left} != ${right}`);
  }),
};
