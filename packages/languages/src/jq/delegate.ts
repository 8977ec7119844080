import { JqError, JqOverrunError, JqSyntaxError, readable } from "./errors.ts";
import type { WasmModule } from "./program.ts";
import { createWasmJq, WasmFailure, type WasmResult } from "./wasm.ts";

/**
 * Hands expressions that are not evaluated in JavaScript to the C program, wrapped in the text they need, and turns
 * its answer into values or one readable line.
 */
export interface Delegate {
  /**
   * Gives the first `max` values, each as JSON text. `now` is what jq's `now` returns, in milliseconds since the
   * epoch. Throws `JqError`, `JqSyntaxError` when the expression does not compile, and whatever `module` throws.
   */
  run: (expression: string, input: string, max: number, now: number) => string[];
  /** Gives the compiler's objection, or null. */
  check: (expression: string) => string | null;
}

const LIMITS = { max_output: 1024 * 1024, max_memory: 64 * 1024 * 1024 };
const COMPILE_ERROR = 3;

const ZONE = 'if type == "string" then split("%%") | map(split("%Z") | join("UTC")) | join("%%") else . end';
const FROM_ENTRIES =
  "def from_entries: reduce .[] as $x ({}; . + {" +
  "($x | if .key == null then .k // .name // .Name // .K // .Key else .key end | tostring):" +
  '($x | if type != "object" then null elif has("value") then .value elif has("v") then .v else .Value end)});';
/**
 * Functions of the manual that this build of jq lacks or has in an older form. Each is defined only where it is
 * named.
 */
const DEFINITIONS: Record<string, string> = {
  trim: "def trim: _trim(true; true);",
  ltrim: "def ltrim: _trim(true; false);",
  rtrim: "def rtrim: _trim(false; true);",
  toarray: 'def toarray: if type == "array" then . else [.] end;',
  have_literal_numbers: "def have_literal_numbers: true;",
  have_decnum: "def have_decnum: true;",
  ascii: "def ascii: [.] | implode;",
  leaf_paths: "def leaf_paths: paths(scalars);",
  add: "def add(f): reduce f as $x (null; . + $x);",
  dateadd: "def dateadd(u; n): . + n;",
  datesub: "def datesub(u; n): . - n;",
  date: "def date: todate;",
  abs: 'def abs: if type != "number" then error("abs: not a number") elif . < 0 then -. else . end;',
  reverse:
    'def reverse: if type == "string" then explode | [.[length - 1 - range(0; length)]] | implode else [.[length - 1 - range(0; length)]] end;',
  // Replaces `%Z` beforehand: the C library here has no name for a zone and gives up.
  strftime: `def _strftime($format): strftime($format); def strftime(format): format as $format | _strftime($format | ${ZONE});`,
  strflocaltime: `def _strflocaltime($format): strflocaltime($format); def strflocaltime(format): format as $format | _strflocaltime($format | ${ZONE});`,
  from_entries: FROM_ENTRIES,
  with_entries: `${FROM_ENTRIES} def with_entries(f): to_entries | map(f) | from_entries;`,
};
export const DEFINED_NAMES: readonly string[] = Object.keys(DEFINITIONS);
const TRIM =
  'def _trim($left; $right): if type != "string" then error("trim input must be a string") else (if $left then sub("\\\\A[ \\\\t\\\\n\\\\x0b\\\\f\\\\r]+"; "") else . end) | (if $right then sub("[ \\\\t\\\\n\\\\x0b\\\\f\\\\r]+\\\\z"; "") else . end) end; ';

export function createDelegate(module: () => WasmModule, variables: readonly string[]): Delegate {
  const jq = createWasmJq(LIMITS, module);

  function call(program: string, input: string, now: number): WasmResult {
    try {
      return jq.run(program, input, now);
    } catch (cause) {
      if (cause instanceof WasmFailure) throw new JqOverrunError(cause.message, { cause });
      throw cause;
    }
  }

  return {
    run(expression, input, max, now) {
      // The closing parenthesis has its own line, since the expression may end with a comment.
      const { code, output, errors } = call(
        `${prelude(expression, variables)}limit(${max}; ${expression}\n)`,
        input,
        now,
      );
      if (code === COMPILE_ERROR) throw new JqSyntaxError(readable(reasonOf(errors, expression)));
      if (code !== 0) throw new JqError(readable(reasonOf(errors, expression)));
      return output.split("\n").filter((line) => line !== "");
    },
    check(expression) {
      const { code, errors } = call(`${prelude(expression, variables)}empty | (${expression}\n)`, "{}", 0);
      return code === COMPILE_ERROR ? readable(reasonOf(errors, expression)) : null;
    },
  };
}

/** Stays on the expression's first line, so that line numbers are its own. */
function prelude(expression: string, variables: readonly string[]): string {
  const words = new Set(expression.match(/[a-z_]\w*/gi) ?? []);
  const definitions = Object.entries(DEFINITIONS).filter(([name]) => words.has(name));
  const bindings = variables.filter((name) => expression.includes(name));
  return [
    definitions.some(([name]) => name.endsWith("trim")) ? TRIM : "",
    ...definitions.map(([, definition]) => `${definition} `),
    ...bindings.map((name) => `.["${name}"] as ${name} | `),
  ].join("");
}

/**
 * Extracts the reason from `jq: error (at /input:0): reason`, or from `jq: error: reason at <top-level>, line 2:`
 * followed by the program.
 */
function reasonOf(errors: string, expression: string): string {
  const [, said = errors] = /^jq: error(?: \(at [^)]*\))?:? ?([^]*)$/m.exec(errors) ?? [];
  const [reason = ""] = said.split(" (Unix shell quoting issues?)");
  const compiled = /^([^]*?) at <top-level>, line (\d+):/.exec(said);
  if (compiled === null) return reason.trim() || "failed";
  const [what = ""] = (compiled[1] ?? "").split(" (Unix shell quoting issues?)");
  return expression.includes("\n") ? `${what} in line ${compiled[2]}` : what;
}
