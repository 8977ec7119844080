import { utf8Length } from "../bytes.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import {
  contains,
  extreme,
  flatten,
  fromEntries,
  grouped,
  has,
  join,
  keysOf,
  lengthOf,
  sorted,
  sum,
  toEntries,
} from "./lists.ts";
import { split } from "./arithmetic.ts";
import { combine, collect, type Filter, firstOf, forEach, type Run, single, stream } from "./filter.ts";
import {
  charged,
  children,
  codePoints,
  compare,
  counted,
  describe,
  index,
  indices,
  isTruthy,
  JqFailure,
  put,
  scanned,
  spend,
  spendKey,
  strip,
  toJson,
  toText,
  typeOf,
} from "./values.ts";

/**
 * The jq functions that are evaluated natively: those on values and lists that templates and conditions consist of.
 * Functions that need a clock, a regular expression or a path are left to the C program.
 */
type Make = (args: readonly Filter[]) => Filter;
/** A function of the input and of the values of its arguments. */
type Plain = (run: Run, input: Json, args: readonly Json[]) => Json;

const SPACES = " \t\n\v\f\r";
const NUMERIC = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

const TYPES: Record<string, (value: Json) => boolean> = {
  nulls: (value) => value === null,
  booleans: (value) => typeof value === "boolean",
  numbers: (value) => typeof value === "number",
  strings: (value) => typeof value === "string",
  arrays: (value) => Array.isArray(value),
  objects: (value) => isJsonObject(value),
  iterables: (value) => typeof value === "object" && value !== null,
  scalars: (value) => typeof value !== "object" || value === null,
  values: (value) => value !== null,
};

const PLAIN: Record<string, Plain> = {
  "not/0": (_run, input) => !isTruthy(input),
  "type/0": (_run, input) => typeOf(input),
  "length/0": (run, input) => lengthOf(run, input),
  "utf8bytelength/0": (run, input) => {
    if (typeof input === "string") return utf8Length(scanned(run, input));
    throw new JqFailure(`${describe(run, input)} only strings have UTF-8 byte length`);
  },
  "keys/0": (run, input) => keysOf(run, input, true),
  "keys_unsorted/0": (run, input) => keysOf(run, input, false),
  "has/1": (run, input, [key = null]) => has(run, input, key),
  "in/1": (run, input, [container = null]) => has(run, container, input),
  "contains/1": (run, input, [part = null]) => contains(run, input, part),
  "inside/1": (run, input, [whole = null]) => contains(run, whole, input),
  "tostring/0": toText,
  "tojson/0": toJson,
  "tonumber/0": toNumber,
  "add/0": (run, input) => sum(run, children(run, input)),
  "any/0": (run, input) => charged(run, children(run, input)).some(isTruthy),
  "all/0": (run, input) => charged(run, children(run, input)).every(isTruthy),
  "first/0": (run, input) => index(run, input, 0),
  "last/0": (run, input) => index(run, input, -1),
  "nth/1": (run, input, [at = null]) => index(run, input, at),
  "floor/0": (run, input) => Math.floor(number(run, input)),
  "ceil/0": (run, input) => Math.ceil(number(run, input)),
  "trunc/0": (run, input) => Math.trunc(number(run, input)),
  "sqrt/0": (run, input) => counted(run, Math.sqrt(number(run, input))),
  "fabs/0": (run, input) => Math.abs(number(run, input)),
  "abs/0": (run, input) => Math.abs(number(run, input)),
  "round/0": (run, input) => {
    const value = number(run, input);
    const whole = Math.trunc(value);
    // Rounds halves away from zero.
    return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
  },
  "min/0": (run, input) => extreme(run, array(run, input), (item) => item, -1),
  "max/0": (run, input) => extreme(run, array(run, input), (item) => item, 1),
  "sort/0": (run, input) => sorted(run, array(run, input), (item) => item),
  "unique/0": (run, input) => grouped(run, array(run, input), (item) => item).map(firstItem),
  "reverse/0": (run, input) => {
    if (typeof input === "string") return codePoints(charged(run, input)).toReversed().join("");
    // jq reverses item by item, counting down from the length, so an input of length zero gives an empty list
    // whatever its type.
    if (!Array.isArray(input) && lengthOf(run, input) === 0) return [];
    return charged(run, array(run, input)).toReversed();
  },
  "flatten/0": (run, input) => flatten(run, children(run, input), Infinity),
  "flatten/1": (run, input, [depth = null]) => {
    if (number(run, depth) < 0) throw new JqFailure("flatten depth must not be negative");
    return flatten(run, children(run, input), number(run, depth));
  },
  "to_entries/0": toEntries,
  "from_entries/0": (run, input) => fromEntries(run, children(run, input)),
  "join/1": join,
  "split/1": (run, input, [separator = null]) => {
    if (typeof input === "string" && typeof separator === "string") return split(run, input, separator);
    throw new JqFailure("split input and separator must be strings");
  },
  "startswith/1": (run, input, [part = null]) => {
    const [whole, start] = bothTexts(run, "startswith", input, part);
    return whole.startsWith(start);
  },
  "endswith/1": (run, input, [part = null]) => {
    const [whole, end] = bothTexts(run, "endswith", input, part);
    return whole.endsWith(end);
  },
  "ltrimstr/1": (run, input, [part = null]) =>
    typeof input === "string" &&
    typeof part === "string" &&
    scanned(run, input).startsWith(scanned(run, part))
      ? input.slice(part.length)
      : input,
  "rtrimstr/1": (run, input, [part = null]) =>
    typeof input === "string" &&
    typeof part === "string" &&
    part !== "" &&
    scanned(run, input).endsWith(scanned(run, part))
      ? input.slice(0, -part.length)
      : input,
  "trim/0": (run, input) => strip(text(run, input, "trim"), SPACES, "both"),
  "ltrim/0": (run, input) => strip(text(run, input, "trim"), SPACES, "start"),
  "rtrim/0": (run, input) => strip(text(run, input, "trim"), SPACES, "end"),
  // Leaves letters beyond ASCII as they are.
  "ascii_downcase/0": (run, input) =>
    text(run, input, "ascii_downcase").replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  "ascii_upcase/0": (run, input) =>
    text(run, input, "ascii_upcase").replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()),
  "indices/1": (run, input, [part = null]) => indices(run, input, part),
  "index/1": (run, input, [part = null]) => index(run, indices(run, input, part), 0),
  "rindex/1": (run, input, [part = null]) => index(run, indices(run, input, part), -1),
  "toarray/0": (_run, input) => (Array.isArray(input) ? input : [input]),
};

const identity: Filter = single((_run, _scope, input) => input);
const items: Filter = stream((run, _scope, input, out) => children(run, input).some(out));

/** Functions whose arguments are filters, applied to each value they iterate over. */
const LOOPS: Record<string, Make> = {
  "empty/0": () => stream(() => false),
  "error/0": () =>
    single((_run, _scope, input) => {
      throw new JqFailure(input);
    }),
  "error/1": ([message = identity]) =>
    combine([message], (_run, _input, [value = null]) => {
      throw new JqFailure(value);
    }),
  "recurse/0": () => stream((run, _scope, input, out) => descend(run, input, out)),
  "select/1": ([test = identity]) =>
    stream((run, scope, input, out) => {
      spend(run, 1);
      if (test.single) return isTruthy(test.get(run, scope, input)) && out(input);
      return test.each(run, scope, input, (value) => isTruthy(value) && out(input));
    }),
  "map/1": ([each = identity]) =>
    single((run, scope, input) => {
      const made: Json[] = [];
      for (const child of children(run, input)) {
        spend(run, 1);
        if (each.single) made.push(each.get(run, scope, child));
        else for (const value of collect(each, run, scope, child)) made.push(value);
      }
      return made;
    }),
  "map_values/1": ([each = identity]) =>
    single((run, scope, input) => {
      spend(run, children(run, input).length);
      if (Array.isArray(input)) {
        return input.map((child) => firstOf(each, run, scope, child)).filter((value) => value !== undefined);
      }
      const made: JsonObject = {};
      for (const [key, child] of Object.entries(input ?? {})) {
        spendKey(run, key);
        const value = firstOf(each, run, scope, child);
        if (value !== undefined) put(made, key, value);
      }
      return made;
    }),
  "with_entries/1": ([each = identity]) =>
    single((run, scope, input) => {
      const entries = toEntries(run, input);
      return fromEntries(
        run,
        entries.flatMap((entry) => collect(each, run, scope, entry)),
      );
    }),
  "sort_by/1": ([by = identity]) =>
    single((run, scope, input) => sorted(run, array(run, input), (item) => collect(by, run, scope, item))),
  "group_by/1": ([by = identity]) =>
    single((run, scope, input) => grouped(run, array(run, input), (item) => collect(by, run, scope, item))),
  "unique_by/1": ([by = identity]) =>
    single((run, scope, input) =>
      grouped(run, array(run, input), (item) => collect(by, run, scope, item)).map(firstItem),
    ),
  "min_by/1": ([by = identity]) =>
    single((run, scope, input) =>
      extreme(run, array(run, input), (item) => collect(by, run, scope, item), -1),
    ),
  "max_by/1": ([by = identity]) =>
    single((run, scope, input) =>
      extreme(run, array(run, input), (item) => collect(by, run, scope, item), 1),
    ),
  "any/1": ([test = identity]) => some(items, test, true),
  "all/1": ([test = identity]) => some(items, test, false),
  "any/2": ([source = identity, test = identity]) => some(source, test, true),
  "all/2": ([source = identity, test = identity]) => some(source, test, false),
  "isempty/1": ([of = identity]) =>
    single((run, scope, input) => firstOf(of, run, scope, input) === undefined),
  "IN/1": ([source = identity]) =>
    single((run, scope, input) => {
      let found = false;
      forEach(source, run, scope, input, (value) => (found = compare(run, value, input) === 0));
      return found;
    }),
  "first/1": ([of = identity]) =>
    stream((run, scope, input, out) => {
      const value = firstOf(of, run, scope, input);
      return value !== undefined && out(value);
    }),
  "limit/2": ([count = identity, of = identity]) =>
    stream((run, scope, input, out) =>
      forEach(count, run, scope, input, (value) => limit(number(run, value), of, run, scope, input, out)),
    ),
  "range/1": ([to = identity]) =>
    range(
      single(() => 0),
      to,
    ),
  "range/2": ([from = identity, to = identity]) => range(from, to),
};

const BUILTINS = new Map<string, Make>([
  ...Object.entries(PLAIN).map(([name, make]): [string, Make] => [name, (args) => combine(args, make)]),
  ...Object.entries(TYPES).map(([name, test]): [string, Make] => [
    `${name}/0`,
    () => stream((_run, _scope, input, out) => test(input) && out(input)),
  ]),
  ...Object.entries(LOOPS),
]);

/** Names with their number of arguments, such as `map/1`. */
export const BUILTIN_NAMES: readonly string[] = [...BUILTINS.keys()];

export function findBuiltin(name: string, args: number): Make | undefined {
  return BUILTINS.get(`${name}/${args}`);
}

/** Pushes a value and everything inside it, outermost first. */
export function descend(run: Run, value: Json, out: (value: Json) => boolean): boolean {
  spend(run, 1);
  if (out(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return children(run, value).some((child) => descend(run, child, out));
}

function some(source: Filter, test: Filter, wanted: boolean): Filter {
  return single((run, scope, input) => {
    const stopped = forEach(source, run, scope, input, (item) => {
      spend(run, 1);
      return forEach(test, run, scope, item, (value) => isTruthy(value) === wanted);
    });
    return stopped === wanted;
  });
}

function limit(
  count: number,
  of: Filter,
  run: Run,
  scope: Parameters<typeof forEach>[2],
  input: Json,
  out: (value: Json) => boolean,
): boolean {
  if (count === 0) return false;
  if (!(count > 0)) return forEach(of, run, scope, input, out);
  let left = count;
  let stopped = false;
  forEach(of, run, scope, input, (value) => {
    stopped = out(value);
    return stopped || --left <= 0;
  });
  return stopped;
}

function range(from: Filter, to: Filter): Filter {
  return stream((run, scope, input, out) =>
    forEach(from, run, scope, input, (start) =>
      forEach(to, run, scope, input, (end) => {
        if (typeof start !== "number" || typeof end !== "number") {
          throw new JqFailure("Range bounds must be numeric");
        }
        for (let at = start; at < end; at++) {
          spend(run, 1);
          if (out(at)) return true;
        }
        return false;
      }),
    ),
  );
}

function number(run: Run, value: Json): number {
  if (typeof value !== "number") throw new JqFailure(`${describe(run, value)} number required`);
  return value;
}

function array(run: Run, value: Json): Json[] {
  if (!Array.isArray(value)) throw new JqFailure(`${describe(run, value)} is not an array`);
  return value;
}

function text(run: Run, value: Json, name: string): string {
  if (typeof value !== "string")
    throw new JqFailure(`${name} input must be a string, not ${describe(run, value)}`);
  return charged(run, value);
}

function bothTexts(run: Run, name: string, input: Json, part: Json): [string, string] {
  if (typeof input === "string" && typeof part === "string") return [scanned(run, input), scanned(run, part)];
  throw new JqFailure(`${name}() requires string inputs`);
}

function firstItem(list: Json[]): Json {
  return list[0] ?? null;
}

function toNumber(run: Run, value: Json): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const digits = strip(charged(run, value), SPACES, "both");
    if (NUMERIC.test(digits)) return counted(run, Number(digits));
  }
  throw new JqFailure(`${describe(run, value)} cannot be parsed as a number`);
}
