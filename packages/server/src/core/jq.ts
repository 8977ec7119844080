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
const PRELUDE = NAMESPACES.map((name) => `.["${name}"] as ${name} | `).join("");
const CACHED = 2000;
const MAX_LENGTH = 16_384;

export function createJqEngine(): JqEngine {
  mendAlternative();
  const filters = new Map<string, Filter>();

  function compile(expression: string): Filter {
    const known = filters.get(expression);
    if (known !== undefined) return known;
    if (expression.length > MAX_LENGTH)
      throw new JqError(`expression is longer than ${MAX_LENGTH} characters`);
    let filter: Filter;
    try {
      filter = jq.compile(`${PRELUDE}(${bracketNames(expression)})`);
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

interface Alternative {
  lhs: { apply: (input: Json, scope: unknown) => Iterable<Json> };
  rhs: { apply: (input: Json, scope: unknown) => Iterable<Json> };
}

/**
 * The package's `a // b` gives every value of `a`, also those for which jq goes on to `b`. Its class is not exported,
 * so it is found through an expression; mending it twice changes nothing.
 */
function mendAlternative(): void {
  const prototype = Object.getPrototypeOf(jq.compile("1 // 2").ast) as object;
  Object.assign(prototype, {
    *apply(this: Alternative, input: Json, scope: unknown): Iterable<Json> {
      let found = false;
      for (const value of this.lhs.apply(input, scope)) {
        if (value === null || value === false) continue;
        found = true;
        yield value;
      }
      if (!found) yield* this.rhs.apply(input, scope);
    },
  });
}

/**
 * The package reads `."name"` as the text alone. `.["name"]`, which means the same, it reads as it should. Texts may
 * hold `\( … )` with code in it, which may hold texts.
 */
function bracketNames(source: string): string {
  let out = "";
  /** What is open, innermost last: a text with what closes it, or code in a text with its parentheses. */
  const open: ({ closer: string } | { depth: number })[] = [];
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    const pair = char + source.charAt(at + 1);
    const inside = open.at(-1);
    if (inside !== undefined && "closer" in inside) {
      if (char === '"') {
        out += inside.closer;
        open.pop();
      } else if (char === "\\") {
        out += pair;
        at++;
        if (pair === "\\(") open.push({ depth: 1 });
      } else {
        out += char;
      }
    } else if (pair === '."') {
      out += '.["';
      at++;
      open.push({ closer: '"]' });
    } else {
      out += char;
      if (char === '"') open.push({ closer: '"' });
      else if (char === "(" && inside !== undefined) inside.depth++;
      else if (char === ")" && inside !== undefined && --inside.depth === 0) open.pop();
    }
  }
  return out;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
