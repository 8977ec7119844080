import { type DescribedHelpers, expectCount, type HelperCall, HelperError, kindOf } from "../helper.ts";
import type { Budget } from "../budget.ts";
import { plainValue, printValue } from "../print.ts";

/** Choices. All but `default` return a boolean inline, and choose between their two branches as a block. */
export const logicHelpers = {
  default: {
    usage: "default value otherwise",
    summary:
      "The first value, or the second where the first is missing, null or an empty text; zero and false are values. The parent of what may be missing must be there: `default a.b 1` needs an `a`.",
    examples: [
      ['{{default name "friend"}}', "Mike"],
      ['{{default missing "friend"}}', "friend"],
      ["{{default zero 1}}", "0"],
    ],
    run: (args) => {
      expectCount(args, 2, Infinity);
      const [value, fallback] = args;
      const isNothing = value === undefined || value === null || plainValue(value) === "";
      return isNothing ? fallback : value;
    },
  },
  compare: {
    usage: "#compare left operator right",
    summary:
      "Chooses a block. The operators are `==`, `===`, `!=`, `!==`, `<`, `>`, `<=`, `>=`, with JavaScript's meaning, and `typeof`; without one, `===`. Inline it gives true or false.",
    examples: [
      ['{{#compare likes "==" 1}}is{{else}}are{{/compare}}', "are"],
      [
        '{{#compare digits "==" 12}}T{{else}}F{{/compare}}{{#compare digits "===" 12}}T{{else}}F{{/compare}}',
        "TF",
      ],
    ],
    run: (args, call) => choose(compare(args, call), call),
  },
  condition: {
    usage: "condition left operator right",
    summary: "The same under the name that conditions use.",
    examples: [['{{#if (condition likes ">" 2)}}many{{/if}}', "many"]],
    run: (args, call) => choose(compare(args, call), call),
  },
  and: {
    usage: "and value…",
    summary: "Whether all values are neither missing nor empty, zero or false.",
    examples: [['{{#if (and (condition likes ">" 2) (condition name "==" "Mike"))}}T{{/if}}', "T"]],
    run: (args, call) => choose(args.every(Boolean), call),
  },
  or: {
    usage: "or value…",
    summary: "Whether one of the values is neither missing nor empty, zero or false.",
    examples: [["{{#if (or missing likes)}}T{{/if}}", "T"]],
    run: (args, call) => choose(args.some(Boolean), call),
  },
} satisfies DescribedHelpers;

function choose(result: boolean, { block }: HelperCall): boolean | string {
  if (block === null) return result;
  return result ? block.main() : block.otherwise();
}

/** `a op b`, with JavaScript's meaning of the operator; two values without one are compared by `===`. */
function compare(args: readonly unknown[], { budget }: HelperCall): boolean {
  expectCount(args, 2, 3);
  const [left, operator, right] = args.length === 2 ? [args[0], "===", args[1]] : args;
  const [a, b] = [plainValue(left), plainValue(right)];
  const compareValues =
    typeof operator === "string" && Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (compareValues === undefined) {
    throw new HelperError(
      `unknown operator ${typeof operator === "string" ? `"${operator}"` : kindOf(operator)}`,
    );
  }
  if (operator === "===" || operator === "!==" || operator === "typeof") return compareValues(a, b);
  const areBothObjects = isObject(a) && isObject(b);
  if (areBothObjects && (operator === "==" || operator === "!=")) return compareValues(a, b);
  return compareValues(toPrimitive(a, budget), toPrimitive(b, budget));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/**
 * Converts like JavaScript, but without calling methods: data may have a `toString` of its own, which is not a
 * function.
 */
function toPrimitive(value: unknown, budget: Budget): unknown {
  return isObject(value) ? printValue(value, budget) : value;
}

/** The operands that TypeScript allows for `<`; JavaScript converts other values, and so do we. */
type Ordered = string | number;

const OPERATORS: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  "==": (left, right) => left == right,
  "!=": (left, right) => left != right,
  "===": (left, right) => left === right,
  "!==": (left, right) => left !== right,
  "<": (left, right) => (left as Ordered) < (right as Ordered),
  ">": (left, right) => (left as Ordered) > (right as Ordered),
  "<=": (left, right) => (left as Ordered) <= (right as Ordered),
  ">=": (left, right) => (left as Ordered) >= (right as Ordered),
  typeof: (left, right) => typeof left === right,
};
