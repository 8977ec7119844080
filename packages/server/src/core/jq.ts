import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, Script } from "node:vm";
import type { Json, JsonObject } from "./json.ts";

/**
 * jq expressions of workflow settings, compiled to JavaScript once and kept. The namespaces are reachable both
 * as keys (`."$recipient".plan`) and as variables (`$recipient.plan`), because published samples use both.
 *
 * The package runs in a realm of its own, and values go in and out as text: an expression can write through
 * `__proto__`, which must not be ours, and what one defines with `def` goes into a table that all share, which is
 * put back before each.
 */
export interface JqEngine {
  /** The first value the expression gives; `undefined` when it gives none. Throws `JqError`. */
  evaluate: (expression: string, input: JsonObject) => Json | undefined;
}

export class JqError extends Error {
  override name = "JqError";
}

/** Runs one compiled expression: input and result as JSON. */
type Filter = (input: string) => string | undefined;

const NAMESPACES = ["$recipient", "$actor", "$brand", "$tenant"];
const PRELUDE = NAMESPACES.map((name) => `.["${name}"] as ${name} | `).join("");
const CACHED = 2000;
const MAX_LENGTH = 16_384;

/** Put behind the package's own source, whose `functions` holds built-ins and, alas, what expressions define. */
const REALM = `
  const builtins = new Map(Object.entries(functions));
  let defined = [];

  function define(entries) {
    for (const [name] of defined) {
      if (builtins.has(name)) functions[name] = builtins.get(name);
      else delete functions[name];
    }
    for (const [name, definition] of entries) functions[name] = definition;
    defined = entries;
  }

  function prepare(expression) {
    define([]);
    let filter;
    try {
      filter = compile(expression);
    } finally {
      defined = Object.entries(functions).filter(([name, definition]) => builtins.get(name) !== definition);
    }
    const own = defined;
    return (input) => {
      define(own);
      for (const value of filter(JSON.parse(input))) return JSON.stringify(value);
      return undefined;
    };
  }

  // The package's \`a // b\` gives every value of \`a\`, also those for which jq goes on to \`b\`.
  Object.getPrototypeOf(compile("1 // 2").ast).apply = function* (input, scope) {
    let found = false;
    for (const value of this.lhs.apply(input, scope)) {
      if (value === null || value === false) continue;
      found = true;
      yield value;
    }
    if (!found) yield* this.rhs.apply(input, scope);
  };

  // Names such as \`constructor\` are no functions of the language.
  Object.setPrototypeOf(functions, null);
  for (const type of [Object, Function, Array, String, Number, Boolean, RegExp, Error, Map, Set, Symbol, Promise]) {
    Object.freeze(type.prototype);
  }
  prepare;
`;

export function createJqEngine(): JqEngine {
  const prepare = createRealm();
  const filters = new Map<string, Filter>();

  function compile(expression: string): Filter {
    const known = filters.get(expression);
    if (known !== undefined) return known;
    if (expression.length > MAX_LENGTH)
      throw new JqError(`expression is longer than ${MAX_LENGTH} characters`);
    let filter: Filter;
    try {
      filter = prepare(`${PRELUDE}(${bracketNames(expression)})`);
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
      let result: string | undefined;
      try {
        result = filter(JSON.stringify(input));
      } catch (cause) {
        throw new JqError(messageOf(cause), { cause });
      }
      return result === undefined ? undefined : (JSON.parse(result) as Json);
    },
  };
}

function createRealm(): (expression: string) => Filter {
  const file = createRequire(import.meta.url).resolve("@michaelhomer/jqjs");
  // A script has no exports; its last value is what is handed out.
  const source = readFileSync(file, "utf8").replaceAll(/^export .*$/gm, "");
  const script = new Script(`${source}\n${REALM}`, { filename: file });
  return script.runInContext(createContext({})) as (expression: string) => Filter;
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

/** The package throws texts, and errors of its own realm. */
function messageOf(error: unknown): string {
  const isError = typeof error === "object" && error !== null && "message" in error;
  return String(isError ? error.message : error);
}
