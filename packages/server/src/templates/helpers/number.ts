import { type DescribedHelpers, expectCount, type Helper, HelperError, kindOf } from "../helper.ts";

/** Arithmetic. Only numbers are accepted: a text of digits is refused, so that `"1"` and `1` never make `11`. */
export const numberHelpers = {
  add: {
    usage: "add number…",
    summary: "The sum. Lists count as their members, null as 0. A text of digits is refused.",
    examples: [
      ["{{add likes 4}}", "7"],
      ["{{add 1 2 3}}", "6"],
      ["{{add 0.1 0.2}}", "0.30000000000000004"],
    ],
    run: fold((sum, value) => sum + (value ?? 0)),
  },
  subtract: {
    usage: "subtract number…",
    summary: "The first number without the others. Null counts as 0.",
    examples: [
      ["{{subtract 9 4}}", "5"],
      ["{{subtract (length cities) 1}}", "2"],
    ],
    run: fold((rest, value) => rest - (value ?? 0)),
  },
  multiply: {
    usage: "multiply number…",
    summary: "The product. Null is left out; of nothing but null it is 0.",
    examples: [["{{multiply total 12}}", "3600"]],
    run: (args) => {
      const factors = numbersOf(args).filter((value) => value !== null);
      return factors.length === 0 ? 0 : finite(factors.reduce((product, value) => product * value, 1));
    },
  },
  divide: {
    usage: "divide dividend divisor",
    summary: "The quotient. Division by zero is refused.",
    examples: [
      ["{{divide 14 4}}", "3.5"],
      ["{{round (divide 15 4)}}", "4"],
    ],
    run: (args) => {
      const [dividend, divisor] = pairOf(args);
      if (divisor === 0) throw new HelperError("division by zero");
      return finite(dividend / divisor);
    },
  },
  mod: {
    usage: "mod dividend divisor",
    summary: "The remainder, with the sign of the dividend. Division by zero is refused.",
    examples: [
      ["{{mod 14 4}}", "2"],
      ["{{mod -14 4}}", "-2"],
    ],
    run: (args) => {
      const [dividend, divisor] = pairOf(args);
      if (divisor === 0) throw new HelperError("division by zero");
      return dividend % divisor;
    },
  },
  round: {
    usage: "round number",
    summary: "The nearest whole number; halves go up.",
    examples: [
      ["{{round 12.5}}", "13"],
      ["{{round -12.5}}", "-12"],
    ],
    run: (args) => {
      expectCount(args, 1, 1);
      return Math.round(numberOf(args[0]));
    },
  },
} satisfies DescribedHelpers;

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
