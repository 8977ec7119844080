import type { Json, JsonObject } from "../json.ts";
import { calculate } from "./arithmetic.ts";
import { descend, findBuiltin } from "./builtins.ts";
import { combine, collect, type Filter, forEach, paid, type Run, single, stream } from "./filter.ts";
import { findFormat } from "./formats.ts";
import { Foreign } from "./lexer.ts";
import type { Node } from "./parser.ts";
import {
  children,
  describe,
  index,
  isTruthy,
  JqFailure,
  put,
  slice,
  spend,
  spendKey,
  toText,
} from "./values.ts";

/** Compiles the tree of an expression to nested functions. `names` are the variables in scope, innermost first. */
export function compile(node: Node, names: readonly string[], globals: ReadonlySet<string>): Filter {
  const inner = (child: Node) => compile(child, names, globals);
  const within = (name: string, child: Node) => compile(child, [name, ...names], globals);

  switch (node.type) {
    case "identity":
      return single((_run, _scope, input) => input);
    case "recurse":
      return stream((run, _scope, input, out) => descend(run, input, out));
    case "literal": {
      const { value, exact } = node;
      if (!exact) throw new Foreign("a number that keeps how it is written");
      return single(() => value);
    }
    case "variable":
      return variable(node.name, names, globals);
    case "text":
      return textFilter(node.parts, node.format, inner);
    case "format": {
      const format = formatNamed(node.name);
      return single((run, _scope, input) => format(run, input));
    }
    case "index":
      return indexFilter(inner(node.of), inner(node.key), node.optional);
    case "slice":
      return sliceFilter(node, inner);
    case "iterate":
      return iterate(inner(node.of), node.optional);
    case "array": {
      if (node.of === null) return single(() => []);
      const of = inner(node.of);
      return single((run, scope, input) => {
        spend(run, 1);
        return collect(of, run, scope, input);
      });
    }
    case "object":
      // jq refuses such keys when it compiles, even where they are never reached.
      if (node.entries.some(([key]) => key.type === "literal" && typeof key.value !== "string")) {
        throw new Foreign("a key that is no text");
      }
      return objectFilter(node.entries.flatMap(([key, value]) => [inner(key), inner(value)]));
    case "negate":
      return combine([inner(node.of)], (run, _input, [value = null]) => {
        if (typeof value !== "number") throw new JqFailure(`${describe(run, value)} cannot be negated`);
        return -value;
      });
    case "pipe":
      return pipe(inner(node.left), inner(node.right));
    case "comma": {
      const left = inner(node.left);
      const right = inner(node.right);
      return stream((run, scope, input, out) => {
        spend(run, 1);
        return forEach(left, run, scope, input, out) || forEach(right, run, scope, input, out);
      });
    }
    case "alternative":
      return alternative(inner(node.left), inner(node.right));
    case "and":
    case "or":
      return logic(inner(node.left), inner(node.right), node.type === "or");
    case "binary":
      return binary(node.operator, operand(node.left, inner), operand(node.right, inner));
    case "if":
      return choice(inner(node.test), inner(node.yes), node.no === null ? null : inner(node.no));
    case "try":
      return attempt(inner(node.body), node.handler === null ? null : inner(node.handler));
    case "bind": {
      const source = inner(node.source);
      const body = within(node.name, node.body);
      if (source.single && body.single) {
        return single((run, scope, input) =>
          body.get(paid(run), { value: source.get(run, scope, input), outer: scope }, input),
        );
      }
      return stream((run, scope, input, out) =>
        forEach(source, run, scope, input, (value) => {
          spend(run, 1);
          return forEach(body, run, { value, outer: scope }, input, out);
        }),
      );
    }
    case "reduce":
    case "foreach":
      return loop(node, inner, within);
    case "call": {
      const make = findBuiltin(node.name, node.args.length);
      if (make === undefined) throw new Foreign(`${node.name}/${node.args.length}`);
      return make(node.args.map(inner));
    }
  }
}

/** The right side is the outer loop: `[(1, 2) + (10, 20)]` is `[11, 12, 21, 22]`. */
function binary(operator: string, left: Filter, right: Filter): Filter {
  if (left.single && right.single) {
    return single((run, scope, input) => {
      const b = right.get(paid(run), scope, input);
      return calculate(run, operator, left.get(run, scope, input), b);
    });
  }
  return combine([right, left], (run, _input, [b = null, a = null]) => calculate(run, operator, a, b));
}

/** Drops how a number was written, as any calculation does. */
function operand(node: Node, inner: (node: Node) => Filter): Filter {
  return inner(node.type === "literal" ? { ...node, exact: true } : node);
}

function variable(name: string, names: readonly string[], globals: ReadonlySet<string>): Filter {
  const distance = names.indexOf(name);
  if (distance === -1) {
    const key = `$${name}`;
    if (!globals.has(key)) throw new Foreign(`$${name}`);
    return single((run) => index(run, run.root, key));
  }
  return single((run, scope) => {
    run.left -= distance >> 2;
    let at = scope;
    for (let steps = 0; steps < distance; steps++) at = at?.outer ?? null;
    return at?.value ?? null;
  });
}

function formatNamed(name: string) {
  const format = findFormat(name);
  if (format === undefined) throw new Foreign(`@${name}`);
  return format;
}

/** Loops over the last part outermost, as binary operators do. */
function textFilter(
  parts: readonly (string | Node)[],
  name: string | null,
  inner: (node: Node) => Filter,
): Filter {
  const format = name === null ? toText : formatNamed(name);
  const codes = parts.filter((part) => typeof part !== "string").toReversed();
  return combine(codes.map(inner), (run, _input, values) => {
    let used = values.length;
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : format(run, values[--used] ?? null);
    spend(run, parts.length + (text.length >> 4));
    return text;
  });
}

function indexFilter(of: Filter, key: Filter, optional: boolean): Filter {
  if (!optional) {
    // Avoids the array of values that `combine` makes, since most of an expression is paths.
    if (key.single && of.single) {
      return single((run, scope, input) => index(run, of.get(run, scope, input), key.get(run, scope, input)));
    }
    return combine([key, of], (run, _input, [name = null, value = null]) => index(run, value, name));
  }
  return stream((run, scope, input, out) =>
    forEach(key, run, scope, input, (name) =>
      forEach(of, run, scope, input, (value) => pushUnlessFailing(run, () => index(run, value, name), out)),
    ),
  );
}

function sliceFilter(node: Node & { type: "slice" }, inner: (node: Node) => Filter): Filter {
  const bound = (child: Node | null): Filter => (child === null ? single(() => null) : inner(child));
  const from = bound(node.from);
  const to = bound(node.to);
  const of = inner(node.of);
  if (!node.optional) {
    return combine([from, to, of], (run, _input, [start = null, end = null, value = null]) =>
      slice(run, value, start, end),
    );
  }
  return stream((run, scope, input, out) =>
    forEach(from, run, scope, input, (start) =>
      forEach(to, run, scope, input, (end) =>
        forEach(of, run, scope, input, (value) =>
          pushUnlessFailing(run, () => slice(run, value, start, end), out),
        ),
      ),
    ),
  );
}

/** Steps for an exception, which takes a few microseconds. */
const FAILURE_COST = 64;

function pushUnlessFailing(run: Run, get: () => Json, out: (value: Json) => boolean): boolean {
  let value: Json;
  try {
    value = get();
  } catch (error) {
    if (!(error instanceof JqFailure)) throw error;
    spend(run, FAILURE_COST);
    return false;
  }
  return out(value);
}

function iterate(of: Filter, optional: boolean): Filter {
  return stream((run, scope, input, out) =>
    forEach(of, run, scope, input, (value) => {
      if (optional && (typeof value !== "object" || value === null)) return false;
      for (const child of children(run, value)) {
        spend(run, 1);
        if (out(child)) return true;
      }
      return false;
    }),
  );
}

/** Takes keys and values in turn; the first key is the outer loop. */
function objectFilter(filters: readonly Filter[]): Filter {
  return combine(filters, (run, _input, values) => {
    const made: JsonObject = {};
    spend(run, 1 + values.length);
    for (let at = 0; at < values.length; at += 2) {
      const key = values[at] ?? null;
      if (typeof key !== "string") throw new JqFailure(`Cannot use ${describe(run, key)} as object key`);
      spendKey(run, key);
      put(made, key, values[at + 1] ?? null);
    }
    return made;
  });
}

function pipe(left: Filter, right: Filter): Filter {
  if (left.single && right.single) {
    return single((run, scope, input) => right.get(paid(run), scope, left.get(run, scope, input)));
  }
  return stream((run, scope, input, out) =>
    forEach(left, run, scope, input, (value) => {
      spend(run, 1);
      return forEach(right, run, scope, value, out);
    }),
  );
}

function alternative(left: Filter, right: Filter): Filter {
  if (left.single && right.single) {
    return single((run, scope, input) => {
      const value = left.get(paid(run), scope, input);
      return isTruthy(value) ? value : right.get(run, scope, input);
    });
  }
  return stream((run, scope, input, out) => {
    let found = false;
    const stopped = forEach(left, run, scope, input, (value) => {
      if (!isTruthy(value)) return false;
      found = true;
      return out(value);
    });
    return stopped || (!found && forEach(right, run, scope, input, out));
  });
}

/** Stops `or` at the first true side, `and` at the first that is not. */
function logic(left: Filter, right: Filter, over: boolean): Filter {
  if (left.single && right.single) {
    return single((run, scope, input) =>
      isTruthy(left.get(paid(run), scope, input)) === over ? over : isTruthy(right.get(run, scope, input)),
    );
  }
  return stream((run, scope, input, out) =>
    forEach(left, run, scope, input, (a) => {
      spend(run, 1);
      if (isTruthy(a) === over) return out(over);
      return forEach(right, run, scope, input, (b) => out(isTruthy(b)));
    }),
  );
}

function choice(test: Filter, then: Filter, otherwise: Filter | null): Filter {
  const other = otherwise ?? single((_run, _scope, input) => input);
  if (test.single && then.single && other.single) {
    return single((run, scope, input) =>
      (isTruthy(test.get(paid(run), scope, input)) ? then : other).get(run, scope, input),
    );
  }
  return stream((run, scope, input, out) =>
    forEach(test, run, scope, input, (value) => {
      spend(run, 1);
      return forEach(isTruthy(value) ? then : other, run, scope, input, out);
    }),
  );
}

/** Catches only what the body itself raises, not what is raised by the receivers of its values. */
function attempt(body: Filter, handler: Filter | null): Filter {
  return stream((run, scope, input, out) => {
    let outside = false;
    try {
      return forEach(body, run, scope, input, (value) => {
        outside = true;
        const stopped = out(value);
        outside = false;
        return stopped;
      });
    } catch (error) {
      if (outside || !(error instanceof JqFailure)) throw error;
      spend(run, FAILURE_COST);
      return handler === null ? false : forEach(handler, run, scope, error.value, out);
    }
  });
}

function loop(
  node: Node & { type: "reduce" | "foreach" },
  inner: (node: Node) => Filter,
  within: (name: string, node: Node) => Filter,
): Filter {
  const source = inner(node.source);
  const start = inner(node.start);
  const update = within(node.name, node.update);
  if (node.type === "reduce") {
    return stream((run, scope, input, out) =>
      forEach(start, run, scope, input, (initial) => {
        let state = initial;
        forEach(source, run, scope, input, (value) => {
          spend(run, 1);
          const before = state;
          // An update that gives no value leaves null.
          state = null;
          forEach(update, run, { value, outer: scope }, before, (after) => {
            state = after;
            return false;
          });
          return false;
        });
        return out(state);
      }),
    );
  }
  const extract = node.extract === null ? null : within(node.name, node.extract);
  return stream((run, scope, input, out) =>
    forEach(start, run, scope, input, (initial) => {
      let state = initial;
      return forEach(source, run, scope, input, (value) => {
        spend(run, 1);
        const before = state;
        const inside = { value, outer: scope };
        state = null;
        return forEach(update, run, inside, before, (after) => {
          state = after;
          return extract === null ? out(after) : forEach(extract, run, inside, after, out);
        });
      });
    }),
  );
}
