import { createContext, Script } from "node:vm";
import { type JqEngine, JqError } from "../core/jq.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { findUnsafe } from "../core/json-guard.ts";

/**
 * Expressions with limits. A workflow's author can write a loop without end or a pattern that backtracks for years,
 * and a walk awaits nothing: it would hold up everything that its process does. Only V8 can break into code that
 * runs, which it offers through a script's timeout: 0.13 ms for each expression. What comes out is held to what may
 * come in through the API: it ends up in logs and messages.
 */
export interface JqLimits {
  /** Milliseconds of one evaluation. */
  max_ms?: number;
  /** Of a result: its texts' UTF-16 units, and one for each value. */
  max_output?: number;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

const MAX_MS = 250;
const MAX_OUTPUT = 1024 * 1024;
/** A run is one of many: an expression that ran out of time would do so again for each of its recipients. */
const PENALTY_MS = 60_000;
const MAX_PENALTIES = 1000;
/** With less than this share of the time on a processor it was the machine that stood still. */
const BUSY_SHARE = 0.5;
const TRIES = 3;

export function boundJq(jq: JqEngine, limits: JqLimits = {}): JqEngine {
  const { max_ms = MAX_MS, max_output = MAX_OUTPUT, clock = Date.now } = limits;
  const sandbox: { evaluate: () => Json | undefined } = { evaluate: () => undefined };
  const context = createContext(sandbox);
  const script = new Script("evaluate()");
  const penalties = new Map<string, number>();

  /** Null: out of time, and it used it. */
  function attempt(expression: string, input: JsonObject): { value: Json | undefined } | null {
    for (let tries = 1; ; tries++) {
      sandbox.evaluate = () => jq.evaluate(expression, input);
      const before = process.threadCpuUsage();
      try {
        return { value: script.runInContext(context, { timeout: max_ms }) as Json | undefined };
      } catch (error) {
        if (!isTimeout(error)) throw error;
        const { user, system } = process.threadCpuUsage(before);
        if (tries === TRIES || (user + system) / 1000 > max_ms * BUSY_SHARE) return null;
      } finally {
        sandbox.evaluate = () => undefined;
      }
    }
  }

  return {
    evaluate(expression, input) {
      const now = clock();
      if ((penalties.get(expression) ?? 0) > now) throw outOfTime(max_ms);
      const result = attempt(expression, input);
      if (result !== null) return sound(result.value, max_output);
      if (penalties.size >= MAX_PENALTIES) penalties.clear();
      penalties.set(expression, now + PENALTY_MS);
      throw outOfTime(max_ms);
    },
  };
}

/** The value itself, when later stages can hold it. */
function sound(value: Json | undefined, max_output: number): Json | undefined {
  if (value === undefined) return undefined;
  if (isLarger(value, max_output)) throw new JqError(`gives a value larger than ${max_output} characters`);
  const unsafe = findUnsafe(value);
  if (unsafe !== null) throw new JqError(`gives a value that cannot be stored: ${unsafe}`);
  return value;
}

/** Iterative, and over as soon as it is known: the value is a stranger's. */
function isLarger(value: unknown, limit: number): boolean {
  const stack: unknown[] = [value];
  let size = 0;
  while (stack.length > 0) {
    const current = stack.pop();
    size += typeof current === "string" ? current.length + 1 : 1;
    if (typeof current === "object" && current !== null) {
      const children = Array.isArray(current) ? current : Object.entries(current).flat();
      if (children.length > limit) return true;
      for (const child of children) stack.push(child);
    }
    if (size > limit) return true;
  }
  return false;
}

function outOfTime(max_ms: number): JqError {
  return new JqError(`takes longer than ${max_ms} ms; it is not tried again for a minute`);
}

function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
