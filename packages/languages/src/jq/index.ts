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
 * jq expressions of workflow settings: jq 1.7. Chosen fields of the input are variables too (`options.variables`): both
 * `."$recipient".plan` and `$recipient.plan` work, because published samples use both.
 *
 * Two evaluators stand behind the door. Paths, operators, lists, texts and objects are compiled to JavaScript functions
 * that work on the input as it is and count their steps: a microsecond, and no expression can run away. All else
 * (definitions, assignments, patterns, regular expressions, dates, recursion) goes to the C program in WebAssembly:
 * about a millisecond, and only a time limit ends it. Which of the two it is depends on the expression alone.
 *
 * The values an expression gives may be parts of its input: neither may be written to afterwards.
 */
export interface JqEngine {
  /**
   * The first value the expression gives; `undefined` when it gives none. `now` is what `now` gives, the current time
   * unless told. Throws `JqError`.
   */
  evaluate: (expression: string, input: JsonObject, now?: Date) => Json | undefined;
  /** The first `max` values, at least one and 1000 unless told. Throws `JqError` when one of those cannot be had. */
  evaluateAll: (expression: string, input: JsonObject, max?: number, now?: Date) => Json[];
  /** Why it cannot be evaluated whatever the input, null when it can. */
  check: (expression: string) => string | null;
  /** Whether it ends by itself, soon. Any other needs a time limit around each call, `check` included. */
  isBounded: (expression: string) => boolean;
}

type Program =
  | { kind: "native"; filter: Filter }
  | { kind: "delegated" }
  | { kind: "refused"; reason: string };

/** Carillon's own. */
const VARIABLES = ["$recipient", "$actor", "$brand", "$tenant"];
const VARIABLE = /^\$[a-zA-Z_]\w*$/;
const CACHED = { entries: 2000, characters: 2_000_000 };
const MAX_LENGTH = 16_384;
const MAX_VALUES = 1000;
/** About 50 ms, some 250 where a step costs most. */
const MAX_STEPS = 2_000_000;
const MESSAGE_STEPS = 1000;
const CLOSERS: Record<string, string> = { "(": ")", "[": "]", "{": "}" };
/** What has no meaning where there is one input, no terminal and no file system. */
const UNAVAILABLE = new Set(
  "input inputs input_filename input_line_number import include modulemeta get_search_list halt halt_error stderr".split(
    " ",
  ),
);

export interface JqOptions {
  /**
   * The C program for what is not evaluated in JavaScript, or a function that gives it once it is needed: undefined as
   * long as it is not there. Without one, such an expression throws `JqProgramError`. Node reads it from jq-web.
   */
  program?: JqProgram | (() => JqProgram | undefined);
  /**
   * Fields of the input that are variables too, with their dollar sign; null where the input lacks them. By default
   * `$recipient`, `$actor`, `$brand` and `$tenant`.
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

/** Names that cannot be had (`.input` and `{input: 1}` are fields), and brackets that do not match. */
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

/** jq's own errors, and V8's when functions are nested beyond its stack, as ours. */
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
    // Too large, or too deep, to be a message.
    return failure.message;
  }
}

/** JSON has no infinity and no NaN: jq writes the largest number and null. */
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
    // In place of the innermost of ten thousand levels jq writes a remark.
    throw new JqError("gives a value that is nested too deeply", { cause });
  }
  // A literal such as 1e1000 is written as it was.
  return /e\+?\d{3}/i.test(line) ? finite({ ...createRun({}), infinite: true }, value) : value;
}
