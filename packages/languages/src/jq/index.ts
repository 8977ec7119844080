import { compile } from "./compile.ts";
import { createDelegate } from "./delegate.ts";
import { createLru } from "../lru.ts";
import { isEngineLimit } from "../overflow.ts";
import { JqError, JqOverrunError, JqSyntaxError, readable } from "./errors.ts";
import { collect, type Filter, firstOf, type Run } from "./filter.ts";
import { Foreign, tokenize, type Token } from "./lexer.ts";
import { parse } from "./parser.ts";
import { createModuleSource, type JqProgram } from "./program.ts";
import { JqFailure, OutOfSteps, put, spend, toJson } from "./values.ts";
import type { Json, JsonObject } from "../json.ts";

export { JqError, JqOverrunError, JqProgramError } from "./errors.ts";
export type { JqProgram } from "./program.ts";

/**
 * Evaluates jq 1.7 expressions. Chosen fields of the input are variables too (`options.variables`): both
 * `."$recipient".plan` and `$recipient.plan` work, because published samples use both.
 *
 * There are two evaluators. Paths, operators, lists, strings and objects are compiled to JavaScript functions that
 * read the input in place and count their steps: an expression takes about a microsecond and cannot run away.
 * Everything else (definitions, assignments, patterns, regular expressions, dates, recursion) is delegated to the C
 * program in WebAssembly, which takes about a millisecond and which only a time limit can stop. The expression alone
 * decides which evaluator it goes to.
 *
 * The values an expression gives may be parts of its input: write to neither afterwards.
 */
export interface JqEngine {
  /**
   * Gives the first value of the expression, or `undefined` when it has none. `now` is what jq's `now` returns, by
   * default the current time. Throws `JqError`.
   */
  evaluate: (expression: string, input: JsonObject, now?: Date) => Json | undefined;
  /** Gives the first `max` values (at least one; 1000 by default). Throws `JqError` when any of them fails. */
  evaluateAll: (expression: string, input: JsonObject, max?: number, now?: Date) => Json[];
  /**
   * Explains why the expression cannot be evaluated whatever the input, or gives null when it can. Throws
   * `JqProgramError`.
   */
  check: (expression: string) => string | null;
  /**
   * Says whether the expression is sure to end by itself, and soon. Any other needs a time limit around each call,
   * `check` included.
   */
  isBounded: (expression: string) => boolean;
}

type Program =
  | { kind: "native"; filter: Filter }
  | { kind: "delegated" }
  | { kind: "refused"; reason: string };

/** The namespaces of Carillon's workflows, which this package was written for. */
const VARIABLES = ["$recipient", "$actor", "$brand", "$tenant"];
const VARIABLE = /^\$[a-zA-Z_]\w*$/;
/** At 200 bytes per character, at most 100 MB. */
const CACHED = { entries: 2000, characters: 500_000 };
const MAX_LENGTH = 16_384;
const MAX_VALUES = 1000;
/** About 50 ms, or 250 ms where a step costs most. */
const MAX_STEPS = 2_000_000;
const MESSAGE_STEPS = 1000;
const CLOSERS: Record<string, string> = { "(": ")", "[": "]", "{": "}" };
/** Functions that mean nothing where there is one input, no terminal and no file system. */
const UNAVAILABLE = new Set(
  "input inputs input_filename input_line_number import include modulemeta get_search_list halt halt_error stderr".split(
    " ",
  ),
);

export interface JqOptions {
  /**
   * The C program for delegated expressions, or a function that returns it when one is first needed and undefined
   * while it is not there yet. Without it, delegated expressions throw `JqProgramError`. In Node the default is read
   * from jq-web.
   */
  program?: JqProgram | (() => JqProgram | undefined);
  /**
   * Fields of the input that are variables too, named with their dollar sign; a field that the input lacks is null.
   * By default `$recipient`, `$actor`, `$brand` and `$tenant`.
   */
  variables?: readonly string[];
}

export function createJqEngine(options: JqOptions = {}): JqEngine {
  const programs = createLru<Program>(CACHED);
  const variables = options.variables ?? VARIABLES;
  const wrong = variables.find((name) => !VARIABLE.test(name));
  if (wrong !== undefined) throw new TypeError(`not the name of a variable: ${wrong}`);
  const names = new Set(variables);
  const delegate = createDelegate(createModuleSource(options.program), variables);

  function programOf(expression: string): Program {
    const known = programs.get(expression);
    if (known !== undefined) return known;
    const program = prepare(expression, names);
    programs.set(expression, program);
    return program;
  }

  function run<T>(expression: string, native: (filter: Filter) => T, delegated: () => T): T {
    const program = programOf(expression);
    if (program.kind === "refused") throw new JqError(program.reason);
    return program.kind === "native" ? guarded(() => native(program.filter)) : delegated();
  }

  function delegatedValues(
    expression: string,
    input: JsonObject,
    max: number,
    now: Date | undefined,
  ): Json[] {
    try {
      const ms = now?.getTime() ?? Date.now();
      return delegate.run(expression, JSON.stringify(input), max, ms).map(readValue);
    } catch (error) {
      if (error instanceof JqSyntaxError) programs.set(expression, refused(error.message));
      throw error;
    }
  }

  return {
    evaluate(expression, input, now) {
      return run(
        expression,
        (filter) => {
          const meter = createRun(input);
          const value = firstOf(filter, meter, null, input);
          return value === undefined ? undefined : finite(meter, value);
        },
        () => delegatedValues(expression, input, 1, now)[0],
      );
    },
    evaluateAll(expression, input, max = MAX_VALUES, now) {
      return run(
        expression,
        (filter) => {
          const meter = createRun(input);
          return collect(filter, meter, null, input, max).map((value) => finite(meter, value));
        },
        () => delegatedValues(expression, input, max, now),
      );
    },
    check(expression) {
      const program = programOf(expression);
      if (program.kind !== "delegated") return program.kind === "refused" ? program.reason : null;
      const reason = delegate.check(expression);
      if (reason !== null) programs.set(expression, refused(reason));
      return reason;
    },
    isBounded: (expression) => programOf(expression).kind !== "delegated",
  };
}

function createRun(root: JsonObject): Run {
  return { left: MAX_STEPS, infinite: false, root };
}

function prepare(expression: string, variables: ReadonlySet<string>): Program {
  if (expression.length > MAX_LENGTH) return refused(`expression is longer than ${MAX_LENGTH} characters`);
  if (!expression.isWellFormed() || expression.includes("\0")) return refused("expression is not valid text");
  if (expression.trim() === "") return refused("expression is empty");
  try {
    const fault = findFault(tokenize(expression));
    if (fault !== null) return refused(fault);
    return { kind: "native", filter: compile(parse(expression), [], variables) };
  } catch (error) {
    if (error instanceof Foreign || isEngineLimit(error)) return { kind: "delegated" };
    throw error;
  }
}

function refused(reason: string): Program {
  return { kind: "refused", reason };
}

/**
 * Finds names that are not available (`.input` and `{input: 1}` are fields, and fine) and brackets that do not match.
 */
function findFault(tokens: readonly Token[]): string | null {
  const open: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.type === "string") {
      for (const part of token.parts) {
        const fault = typeof part === "string" ? null : findFault(part);
        if (fault !== null) return fault;
      }
    } else if (token.type === "sign") {
      const closer = CLOSERS[token.text];
      if (closer !== undefined) open.push(closer);
      else if (")]}".includes(token.text) && open.pop() !== token.text)
        return `syntax error, unexpected ${token.text}`;
    } else if (token.type === "word" && UNAVAILABLE.has(token.name)) {
      const before = tokens[at - 1];
      const isKey = open.at(-1) === "}" && before?.type === "sign" && "{,".includes(before.text);
      if (!isKey) return `${token.name} is not available here`;
    }
  }
  const missing = open.pop();
  return missing === undefined ? null : `syntax error, ${missing} is missing`;
}

/** Turns jq's own errors into ours, and so the RangeError of functions nested beyond the stack. */
function guarded<T>(evaluate: () => T): T {
  try {
    return evaluate();
  } catch (cause) {
    if (cause instanceof JqFailure) throw new JqError(messageOf(cause), { cause });
    if (cause instanceof OutOfSteps) throw new JqOverrunError(cause.message, { cause });
    if (isEngineLimit(cause)) throw new JqOverrunError("is nested too deeply", { cause });
    throw cause;
  }
}

function messageOf(failure: JqFailure): string {
  if (typeof failure.value === "string") return readable(failure.value);
  try {
    return readable(`${failure.message}: ${toJson({ left: MESSAGE_STEPS, infinite: false }, failure.value)}`);
  } catch {
    // The value is too large, or too deep, for a message.
    return failure.message;
  }
}

/** Replaces what JSON cannot hold, as jq does: infinity by the largest number, NaN by null. */
function finite(meter: Run, value: Json): Json {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? null : Math.sign(value) * Number.MAX_VALUE;
  }
  if (typeof value !== "object" || value === null || !meter.infinite) return value;
  spend(meter, 1);
  if (Array.isArray(value)) return value.map((item) => finite(meter, item));
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) put(copy, key, finite(meter, item));
  return copy;
}

function readValue(line: string): Json {
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch (cause) {
    // jq replaces values below ten thousand levels by a remark, which is not JSON.
    throw new JqError("gives a value that is nested too deeply", { cause });
  }
  // jq prints a literal such as 1e1000 as it was written.
  return /e\+?\d{3}/i.test(line) ? finite({ ...createRun({}), infinite: true }, value) : value;
}
