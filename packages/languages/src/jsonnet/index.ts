import { type Hashes, PORTABLE_HASHES } from "../hashes.ts";
import type { Json, JsonObject } from "../json.ts";
import { createLru } from "../lru.ts";
import { isEngineLimit, isStackOverflow } from "../overflow.ts";
import { compile } from "./compile/compile.ts";
import { JsonnetError } from "./jsonnet-error.ts";
import { DEFAULT_LIMITS, type JsonnetLimits } from "./limits.ts";
import { toJson } from "./output/output.ts";
import { parse } from "./syntax/parser.ts";
import { call, createRuntime } from "./runtime.ts";
import { createStd } from "./std/std.ts";
import { type Code, isFunction, objectOf, type ObjectValue } from "./value.ts";

/**
 * Jsonnet, the language of settings that make JSON: https://jsonnet.org/ref/spec.html with its standard library, in
 * TypeScript, because no maintained package runs it without a native build, and the native library reads files of
 * the host and cannot be stopped.
 *
 * ```
 * source ─ lexer ─ parser ─▶ tree ─ compile ─▶ closures ─ run ─▶ value ─ output ─▶ JSON
 * ```
 *
 * - A script sees its `data` and `std`, and nothing else: no imports, no clock, no environment.
 * - Evaluation is lazy: what is passed on is a thunk, computed once when somebody needs it.
 * - Steps, nesting, time, memory and output are bounded (`limits.ts`, `runtime.ts`); every loop in here spends them,
 *   and goes over lists and texts by `work.ts`.
 * - Compiled code is kept by source and holds nothing of an evaluation.
 */
export interface JsonnetEngine {
  /**
   * The value of a script. Throws `JsonnetError` for a script that does not compile, fails, or goes over a limit, and
   * for a value that is no JSON or that a database refuses. `data` is read where it lies and never changed.
   */
  evaluate: (source: string, data: JsonObject) => Json;
}

export { JsonnetError } from "./jsonnet-error.ts";
export { type Token, tokenize } from "./syntax/lexer.ts";
export type { JsonnetLimits } from "./limits.ts";

const CACHED = { entries: 2000, characters: 2_000_000 };
/** That of the reference; our own stack has no room for more. */
const MAX_DEPTH = 500;

export function createJsonnetEngine(
  limits: Partial<JsonnetLimits> = {},
  hashes: Hashes = PORTABLE_HASHES,
): JsonnetEngine {
  const std = createStd(hashes);
  const all: JsonnetLimits = { ...DEFAULT_LIMITS, ...limits };
  all.depth = Math.min(all.depth, MAX_DEPTH);
  const scripts = createLru<Code>(CACHED);

  function compiled(source: string): Code {
    const known = scripts.get(source);
    if (known !== undefined) return known;
    const code = compileSource(source, std);
    scripts.set(source, code);
    return code;
  }

  return {
    evaluate: (source, data) => run(source, compiled(source), std, data, all),
  };
}

/** What is wrong with a script before it runs: syntax, unknown variables, imports. Null when nothing is. */
export function checkJsonnet(source: string): JsonnetError | null {
  try {
    compileSource(source, createStd(PORTABLE_HASHES));
    return null;
  } catch (error) {
    if (error instanceof JsonnetError) return error;
    throw error;
  }
}

function compileSource(source: string, std: ObjectValue): Code {
  return compile(source, parse(source), std);
}

function run(source: string, code: Code, std: ObjectValue, json: JsonObject, limits: JsonnetLimits): Json {
  const data = objectOf([{ json }], "none");
  const rt = createRuntime(source, data, limits);
  try {
    const value = code.run(rt, { slots: [std, data], up: null });
    // A script may be a function of arguments that all have defaults.
    return toJson(rt, isFunction(value) ? call(rt, value, []) : value);
  } catch (cause) {
    // What JavaScript itself refuses. Depth is counted, but how much room our caller left is not known.
    if (!isEngineLimit(cause)) throw cause;
    const reason = isStackOverflow(cause)
      ? "expressions are nested too deeply"
      : "evaluation makes a value that is too large";
    throw new JsonnetError(reason, null, { cause });
  }
}
