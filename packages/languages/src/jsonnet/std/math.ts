import { OPERATIONS, finite } from "../operators.ts";
import type { FunctionValue } from "../value.ts";
import { asNumber } from "./arguments.ts";
import { define, type Library } from "./define.ts";

function ofOne(name: string, compute: (x: number) => number): FunctionValue {
  return define(["x"], (rt, x) => finite(rt, compute(asNumber(rt, x, `std.${name}: x`))));
}

function ofTwo(name: string, a: string, b: string, compute: (a: number, b: number) => number): FunctionValue {
  return define([a, b], (rt, x, y) =>
    finite(rt, compute(asNumber(rt, x, `std.${name}: ${a}`), asNumber(rt, y, `std.${name}: ${b}`))),
  );
}

function test(name: string, holds: (x: number) => boolean): FunctionValue {
  return define(["x"], (rt, x) => holds(asNumber(rt, x, `std.${name}: x`)));
}

/** Rounds halves up, below zero as well. */
function round(x: number): number {
  return Math.floor(x + 0.5);
}

/** Splits `x` into `mantissa * 2 ** exponent`, with the mantissa from one half up to one. */
function split(x: number): { mantissa: number; exponent: number } {
  if (x === 0) return { mantissa: 0, exponent: 0 };
  // Scales in two steps, since a single 2 ** n would overflow for numbers near zero.
  let exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** (-exponent >> 1) * 2 ** (-exponent - (-exponent >> 1));
  for (; Math.abs(mantissa) < 0.5; mantissa *= 2) exponent--;
  for (; Math.abs(mantissa) >= 1; mantissa /= 2) exponent++;
  return { mantissa, exponent };
}

export const MATH: Library = {
  pi: Math.PI,
  abs: ofOne("abs", Math.abs),
  sign: ofOne("sign", (x) => (x > 0 ? 1 : x < 0 ? -1 : 0)),
  max: ofTwo("max", "a", "b", Math.max),
  min: ofTwo("min", "a", "b", Math.min),
  clamp: define(["x", "minVal", "maxVal"], (rt, x, low, high) => {
    const value = asNumber(rt, x, "std.clamp: x");
    const least = asNumber(rt, low, "std.clamp: minVal");
    const most = asNumber(rt, high, "std.clamp: maxVal");
    return value < least ? least : Math.min(value, most);
  }),
  pow: ofTwo("pow", "x", "n", (x, n) => x ** n),
  exp: ofOne("exp", Math.exp),
  log: ofOne("log", Math.log),
  log2: ofOne("log2", Math.log2),
  log10: ofOne("log10", Math.log10),
  exponent: ofOne("exponent", (x) => split(x).exponent),
  mantissa: ofOne("mantissa", (x) => split(x).mantissa),
  floor: ofOne("floor", Math.floor),
  ceil: ofOne("ceil", Math.ceil),
  round: ofOne("round", round),
  sqrt: ofOne("sqrt", Math.sqrt),
  sin: ofOne("sin", Math.sin),
  cos: ofOne("cos", Math.cos),
  tan: ofOne("tan", Math.tan),
  asin: ofOne("asin", Math.asin),
  acos: ofOne("acos", Math.acos),
  atan: ofOne("atan", Math.atan),
  atan2: ofTwo("atan2", "y", "x", Math.atan2),
  hypot: ofTwo("hypot", "a", "b", Math.hypot),
  deg2rad: ofOne("deg2rad", (x) => (x * Math.PI) / 180),
  rad2deg: ofOne("rad2deg", (x) => (x * 180) / Math.PI),
  isEven: test("isEven", (x) => round(x) % 2 === 0),
  isOdd: test("isOdd", (x) => round(x) % 2 !== 0),
  isInteger: test("isInteger", (x) => round(x) === x),
  isDecimal: test("isDecimal", (x) => round(x) !== x),
  mod: define(["a", "b"], OPERATIONS["%"]),
  modulo: define(["a", "b"], (rt, a, b) =>
    OPERATIONS["%"](rt, asNumber(rt, a, "std.modulo: a"), asNumber(rt, b, "std.modulo: b")),
  ),
};
