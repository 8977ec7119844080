import type { Json, JsonObject } from "../json.ts";
import { type Meter, spend } from "./values.ts";

/**
 * A compiled expression. Most give exactly one value and are plain functions; the others push each value to a
 * receiver, which answers whether it has enough.
 */
export type Filter = Single | Stream;

export interface Single {
  single: true;
  get: (run: Run, scope: Scope, input: Json) => Json;
}

export interface Stream {
  single: false;
  each: (run: Run, scope: Scope, input: Json, out: Receiver) => boolean;
}

/** Returns true when it wants no more values. Every filter passes that answer on to its own caller. */
export type Receiver = (value: Json) => boolean;

/** One evaluation. */
export interface Run extends Meter {
  /** The input of the expression, whose fields the variables of the options are. */
  root: JsonObject;
}

/** Variables, innermost first. Their positions are known when the expression is compiled. */
export type Scope = { value: Json; outer: Scope } | null;

export function single(get: Single["get"]): Single {
  return { single: true, get };
}

export function stream(each: Stream["each"]): Stream {
  return { single: false, each };
}

export function forEach(filter: Filter, run: Run, scope: Scope, input: Json, out: Receiver): boolean {
  return filter.single ? out(filter.get(run, scope, input)) : filter.each(run, scope, input, out);
}

/**
 * Pays for one call without checking what is left: an expression has only so many functions, and whatever calls them
 * repeatedly does check.
 */
export function paid(run: Run, steps = 1): Run {
  run.left -= steps;
  return run;
}

/** Collects the first `max` values of a filter. */
export function collect(filter: Filter, run: Run, scope: Scope, input: Json, max: number = Infinity): Json[] {
  const values: Json[] = [];
  forEach(filter, run, scope, input, (value) => {
    spend(run, 1);
    values.push(value);
    return values.length >= max;
  });
  return values;
}

/** Gives the first value of a filter, or undefined when it has none. */
export function firstOf(filter: Filter, run: Run, scope: Scope, input: Json): Json | undefined {
  if (filter.single) return filter.get(run, scope, input);
  let first: Json | undefined;
  filter.each(run, scope, input, (value) => {
    first = value;
    return true;
  });
  return first;
}

/**
 * Makes a filter from the values of others, called once for each combination. The first of `outer` varies slowest,
 * the last fastest.
 */
export function combine(
  outer: readonly Filter[],
  make: (run: Run, input: Json, values: readonly Json[]) => Json,
): Filter {
  const singles = outer.filter((filter) => filter.single);
  if (singles.length === outer.length) {
    const [a, b] = singles;
    // Handles the common sizes without a loop, since they are most of what runs.
    if (a === undefined) return single((run, _scope, input) => make(paid(run), input, []));
    if (b === undefined) {
      return single((run, scope, input) => make(paid(run), input, [a.get(run, scope, input)]));
    }
    return single((run, scope, input) =>
      make(
        paid(run, singles.length),
        input,
        singles.map((filter) => filter.get(run, scope, input)),
      ),
    );
  }
  return stream((run, scope, input, out) => {
    const values: Json[] = [];
    function next(at: number): boolean {
      const filter = outer[at];
      if (filter === undefined) return out(make(run, input, values));
      return forEach(filter, run, scope, input, (value) => {
        spend(run, 1);
        values[at] = value;
        return next(at + 1);
      });
    }
    return next(0);
  });
}
