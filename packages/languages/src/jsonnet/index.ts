import { type Hashes, PORTABLE_HASHES } from "../hashes.ts";
import type { Json, JsonObject } from "../json.ts";
import { createLru } from "../lru.ts";
import { isEngineLimit, isStackOverflow } from "../overflow.ts";
import { compile } from "./compile/compile.ts";
import { type HostFunctions, hostValues } from "./host.ts";
import { JsonnetError } from "./jsonnet-error.ts";
import { DEFAULT_LIMITS, type JsonnetLimits } from "./limits.ts";
import { toJson } from "./output/output.ts";
import { parse } from "./syntax/parser.ts";
import { call, createRuntime } from "./runtime.ts";
import { createStd } from "./std/std.ts";
import { type Code, isFunction, objectOf, type ObjectValue, type Value } from "./value.ts";

/**
 * Evaluates Jsonnet (https://jsonnet.org/ref/spec.html) with its standard library. It is written in TypeScript
 * because no maintained package runs Jsonnet without a native build, and the native library reads files of the host
 * and cannot be stopped.
 *
 * ```
 * source ─ lexer ─ parser ─▶ tree ─ compile ─▶ closures ─ run ─▶ value ─ output ─▶ JSON
 * ```
 *
 * - A script sees its `data` and `std`, and nothing else: no imports, no clock, no environment.
 * - Evaluation is lazy: whatever is passed on is a thunk, computed once when first needed.
 * - Steps, nesting, time, memory and output are bounded (`limits.ts`, `runtime.ts`). Every loop in this folder spends
 *   steps, and handles lists and strings through `work.ts`.
 * - Compiled code is cached by source and holds nothing of an evaluation.
 */
export interface JsonnetEngine {
  /**
   * Gives the value of a script. Throws `JsonnetError` for a script that does not compile, fails or goes over a
   * limit, and for a value that is not JSON or that a database would refuse. `data` is read in place and never
   * changed. `host` has the functions that the engine was made for (`functions`), as they are for this evaluation; one
   * that is left out refuses to be called.
   */
  evaluate: (source: string, data: JsonObject, host?: HostFunctions) => Json;
  /**
   * What is wrong with a script, as `checkJsonnet` says it. What compiles is kept for `evaluate`, which does not compile
   * it again.
   */
  check: (source: string) => JsonnetError | null;
}

export { HostError, type HostFunction, type HostFunctions } from "./host.ts";
export { JsonnetError } from "./jsonnet-error.ts";
export { type Token, tokenize } from "./syntax/lexer.ts";
export type { JsonnetLimits } from "./limits.ts";

/** At 80 bytes per character, at most 80 MB. */
const CACHED = { entries: 2000, characters: 1_000_000 };
/** The limit of the reference implementation; our stack has room for no more. */
const MAX_DEPTH = 500;

export interface JsonnetOptions extends Partial<JsonnetLimits> {
  /** Names of functions that scripts may call besides those of `std`; `evaluate` is given what they do. */
  functions?: readonly string[];
}

export function createJsonnetEngine(
  { functions = [], ...limits }: JsonnetOptions = {},
  hashes: Hashes = PORTABLE_HASHES,
): JsonnetEngine {
  const std = createStd(hashes);
  const all: JsonnetLimits = { ...DEFAULT_LIMITS, ...limits };
  all.depth = Math.min(all.depth, MAX_DEPTH);
  const scripts = createLru<Code>(CACHED);

  function compiled(source: string): Code {
    const known = scripts.get(source);
    if (known !== undefined) return known;
    const code = compile(source, parse(source), std, functions);
    scripts.set(source, code);
    return code;
  }

  return {
    evaluate: (source, data, host = {}) =>
      run(
        source,
        compiled(source),
        [std, objectOf([{ json: data }], "none"), ...hostValues(functions, host)],
        all,
      ),
    check: (source) => problemOf(() => compiled(source)),
  };
}

/** The library that scripts are checked against: nothing of it is called. */
let checkedStd: ObjectValue | undefined;

/**
 * Finds what is wrong with a script without running it (syntax, unknown variables, imports), or gives null. `more` names
 * variables that the script may use besides `data` and `std`.
 */
export function checkJsonnet(source: string, more: readonly string[] = []): JsonnetError | null {
  return problemOf(() => compile(source, parse(source), (checkedStd ??= createStd(PORTABLE_HASHES)), more));
}

function problemOf(compiling: () => Code): JsonnetError | null {
  try {
    compiling();
    return null;
  } catch (error) {
    if (error instanceof JsonnetError) return error;
    throw error;
  }
}

/** `slots` are the variables of the outermost scope, in the order in which `compile` placed them. */
function run(
  source: string,
  code: Code,
  slots: [ObjectValue, ObjectValue, ...Value[]],
  limits: JsonnetLimits,
): Json {
  const rt = createRuntime(source, slots[1], limits);
  try {
    const value = code.run(rt, { slots, up: null });
    // A script may be a function whose arguments all have defaults.
    return toJson(rt, isFunction(value) ? call(rt, value, []) : value);
  } catch (cause) {
    // JavaScript itself gave up. Depth is counted, but how much stack the caller left is not known.
    if (!isEngineLimit(cause)) throw cause;
    const reason = isStackOverflow(cause)
      ? "expressions are nested too deeply"
      : "evaluation makes a value that is too large";
    throw new JsonnetError(reason, null, { cause });
  }
}
