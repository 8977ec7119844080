import { type JqEngine, JqError, JqOverrunError } from "@carillon/languages/jq";
import type { Json } from "../core/json.ts";
import { findUnsafe } from "../core/json/json-guard.ts";
import { createTimeLimit } from "./time-limit.ts";

/**
 * Evaluates expressions with limits. A workflow's author can write an endless loop or a pattern that backtracks for
 * years, and a walk awaits nothing: it would block its whole process. Most expressions count their own steps and are
 * just called. The others can only be interrupted by V8, through a script's timeout: 0.13 ms for each expression. The
 * result must satisfy the limits on API input, since it ends up in logs and messages.
 */
export interface JqLimits {
  /** Milliseconds for one evaluation. */
  max_ms?: number;
  /** The size of a result: UTF-16 units of its texts, plus one for each value. */
  max_output?: number;
}

const MAX_MS = 250;
const MAX_OUTPUT = 1024 * 1024;

export function boundJq(jq: JqEngine, limits: JqLimits = {}): JqEngine {
  const { max_ms = MAX_MS, max_output = MAX_OUTPUT } = limits;
  const limit = createTimeLimit(max_ms);

  function limited<T>(expression: string, work: () => T): T {
    if (jq.isBounded(expression)) return work();
    const done = limit(work);
    if (done === null) throw new JqOverrunError(`takes longer than ${max_ms} ms`);
    return done.value;
  }

  return {
    evaluate(expression, input, now) {
      const value = limited(expression, () => jq.evaluate(expression, input, now));
      if (value !== undefined) assertSound(value, max_output);
      return value;
    },
    evaluateAll(expression, input, max, now) {
      const values = limited(expression, () => jq.evaluateAll(expression, input, max, now));
      assertSound(values, max_output);
      return values;
    },
    check(expression) {
      try {
        return limited(expression, () => jq.check(expression));
      } catch (error) {
        if (error instanceof JqError) return error.message;
        throw error;
      }
    },
    isBounded: jq.isBounded,
  };
}

/** Throws unless later stages can store the value. */
function assertSound(value: Json, max_output: number): void {
  if (value === null || typeof value === "number" || typeof value === "boolean") return;
  if (isLarger(value, max_output)) throw new JqError(`gives a value larger than ${max_output} characters`);
  const unsafe = findUnsafe(value);
  if (unsafe !== null) throw new JqError(`gives a value that cannot be stored: ${unsafe}`);
}

/** Iterative, and ends as soon as the limit is passed: the value is untrusted. */
function isLarger(value: Json, limit: number): boolean {
  const stack: Json[] = [value];
  let size = 0;
  for (let current = stack.pop(); current !== undefined; current = stack.pop()) {
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
