import { allocateSlots, fail, spend } from "../runtime.ts";
import type { Runtime } from "../value.ts";

/** One directive of a format, `%…`. */
export interface Directive {
  /** The key in `%(key)s`. */
  readonly key: string | null;
  /** `#` */
  readonly alternate: boolean;
  /** `0` */
  readonly zero: boolean;
  /** `-` */
  readonly left: boolean;
  /** A space */
  readonly blank: boolean;
  /** `+` */
  readonly plus: boolean;
  /** `*` takes the number from the values. */
  readonly width: number | "*";
  readonly precision: number | "*" | null;
  readonly conversion: Conversion;
  readonly capitals: boolean;
}

export type Conversion = "d" | "o" | "x" | "e" | "f" | "g" | "c" | "s" | "%";

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map([
  ["d", "d"],
  ["i", "d"],
  ["u", "d"],
  ["o", "o"],
  ["x", "x"],
  ["e", "e"],
  ["f", "f"],
  ["g", "g"],
  ["c", "c"],
  ["s", "s"],
  ["%", "%"],
]);
const CAPITALS = new Set(["X", "E", "F", "G"]);

/** Matches what follows the percent sign. A length modifier has no effect, as in Python. */
const DIRECTIVE = /(?:\(([^)]*)\))?([#0\-+ ]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?([^])?/uy;

/** The cost of a directive, both in steps and in slots. */
const DIRECTIVE_COST = 4;

/** Splits a format into its directives and the strings between them, in order. */
export function parseFormat(rt: Runtime, format: string): (string | Directive)[] {
  const pieces: (string | Directive)[] = [];
  let at = 0;
  for (;;) {
    const percent = format.indexOf("%", at);
    if (percent === -1) {
      pieces.push(format.slice(at));
      return pieces;
    }
    if (percent > at) pieces.push(format.slice(at, percent));
    DIRECTIVE.lastIndex = percent + 1;
    const match = DIRECTIVE.exec(format);
    if (match?.[5] === undefined) throw fail(rt, "the format ends inside a %");
    spend(rt, DIRECTIVE_COST);
    allocateSlots(rt, DIRECTIVE_COST);
    pieces.push(toDirective(rt, match));
    at = DIRECTIVE.lastIndex;
  }
}

function toDirective(rt: Runtime, match: RegExpExecArray): Directive {
  const [, key, flags = "", width = "", precision, letter = ""] = match;
  const capitals = CAPITALS.has(letter);
  const conversion = CONVERSIONS.get(capitals ? letter.toLowerCase() : letter);
  if (conversion === undefined) throw fail(rt, `unknown conversion in a format: %${letter}`);
  return {
    key: key ?? null,
    alternate: flags.includes("#"),
    zero: flags.includes("0"),
    left: flags.includes("-"),
    blank: flags.includes(" "),
    plus: flags.includes("+"),
    width: width === "*" ? "*" : Number(width),
    precision: precision === undefined ? null : precision === "*" ? "*" : Number(precision),
    conversion,
    capitals,
  };
}
