import jq from "@michaelhomer/jqjs";
import type { Json, JsonObject } from "./json.ts";

/**
 * jq expressions of workflow settings, compiled to JavaScript once and kept. The namespaces are reachable both
 * as keys (`."$recipient".plan`) and as variables (`$recipient.plan`), because published samples use both.
 */
export interface JqEngine {
  /** The first value the expression gives; `undefined` when it gives none. Throws `JqError`. */
  evaluate: (expression: string, input: JsonObject) => Json | undefined;
}

export class JqError extends Error {
  override name = "JqError";
}

type Filter = (input: Json) => Iterable<Json>;

const NAMESPACES = ["$recipient", "$actor", "$brand", "$tenant"];
const PRELUDE = NAMESPACES.map((name) => `."${name}" as ${name} | `).join("");
const CACHED = 2000;
const MAX_LENGTH = 16_384;

export function createJqEngine(): JqEngine {
  const filters = new Map<string, Filter>();

  function compile(expression: string): Filter {
    const known = filters.get(expression);
    if (known !== undefined) return known;
    if (expression.length > MAX_LENGTH)
      throw new JqError(`expression is longer than ${MAX_LENGTH} characters`);
    let filter: Filter;
    try {
      filter = jq.compile(`${PRELUDE}(${expression})`);
    } catch (cause) {
      throw new JqError(messageOf(cause), { cause });
    }
    if (filters.size >= CACHED) filters.clear();
    filters.set(expression, filter);
    return filter;
  }

  return {
    evaluate(expression, input) {
      const filter = compile(expression);
      try {
        for (const value of filter(input)) return value;
        return undefined;
      } catch (cause) {
        throw new JqError(messageOf(cause), { cause });
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
