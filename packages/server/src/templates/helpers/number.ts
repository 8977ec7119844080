import { expectCount, type Helper, HelperError, kindOf } from "../helper.ts";

/** Arithmetic. Only numbers are accepted: a text of digits is refused, so that `"1"` and `1` never make `11`. */
export const numberHelpers = {
  add: fold((sum, value) => sum + (value ?? 0)),
  subtract: fold((rest, value) => rest - (value ?? 0)),
  multiply: (args) => {
    const factors = numbersOf(args).filter((value) => value !== null);
    return factors.length === 0 ? 0 : finite(factors.reduce((product, value) => product * value, 1));
  },
  divide: (args) => {
    const [dividend, divisor] = pairOf(args);
    if (divisor === 0) throw new HelperError("division by zero");
    return finite(dividend / divisor);
  },
  /** With the sign of the dividend. */
  mod: (args) => {
    const [dividend, divisor] = pairOf(args);
    if (divisor === 0) throw new HelperError("division by zero");
    return dividend % divisor;
  },
  /** Rounds to the nearest whole number; halves go up: 12.5 gives 13, -12.5 gives -12. */
  round: (args) => {
    expectCount(args, 1, 1);
    return Math.round(numberOf(args[0]));
  },
} satisfies Record<string, Helper>;

/** Folds the other values into the first; null counts as zero. */
function fold(step: (total: number, value: number | null) => number): Helper {
  return (args) => {
    const [first = 0, ...rest] = numbersOf(args);
    return finite(rest.reduce<number>(step, first ?? 0));
  };
}

/** All arguments, with lists flattened. */
function numbersOf(args: readonly unknown[]): (number | null)[] {
  expectCount(args, 1, Infinity);
  return args.flat(Infinity).map((value) => (value === null ? null : numberOf(value)));
}

function pairOf(args: readonly unknown[]): [number, number] {
  expectCount(args, 2, 2);
  return [numberOf(args[0]), numberOf(args[1])];
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  throw new HelperError(`expects numbers, got ${kindOf(value)}`);
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new HelperError("the result is too large");
}
