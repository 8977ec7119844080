import type { AssertNode, Bind, Node, NodeOf, Parameter } from "../syntax/ast.ts";
import { compileCall } from "./compile-call.ts";
import { compileComprehension, compileObject, compileObjectComprehension } from "./compile-object.ts";
import type { Compiler } from "./compiler.ts";
import { indexValue, sliceValue } from "../indexing.ts";
import { errorAt } from "../jsonnet-error.ts";
import { toText } from "../output/manifest.ts";
import { findName, findObject, isOutermost, type Names, namesOf, scopeAt, slotAt } from "./names.ts";
import { getField, getSuperField, hasFieldBelow, LAYER_SLOT, SELF_SLOT } from "../object.ts";
import { finite, OPERATIONS, toInteger } from "../operators.ts";
import { allocateSlots, fail, force, spend } from "../runtime.ts";
import {
  arrayOf,
  type Code,
  codeOf,
  constantCode,
  type FunctionValue,
  isObject,
  type ObjectValue,
  type Run,
  type Runtime,
  type RuntimeParameter,
  type Scope,
  type Slot,
  typeOf,
  type Value,
} from "../value.ts";

/**
 * Compiles a syntax tree to closures, with every name looked up: an unknown name is an error here, whether or not the
 * place is ever reached. Compiled code holds nothing of an evaluation and serves any number of them.
 */
export function compile(source: string, root: Node, std: ObjectValue, more: readonly string[] = []): Code {
  const compiler: Compiler = { source, std, code: compileNode, binds: compileBinds, check: compileAssert };
  return compileNode(compiler, root, namesOf(null, [...ROOT_NAMES, ...more]), false);
}

/** The variables of every script, in the slots of its outermost scope. */
const ROOT_NAMES = ["std", "data"];

/** `tail` says that the value of the node is that of the enclosing function. */
function compileNode(compiler: Compiler, node: Node, names: Names, tail: boolean): Code {
  const inner = (child: Node) => compileNode(compiler, child, names, false);
  const optional = (child: Node | null) => (child === null ? constantCode(null) : inner(child));
  switch (node.kind) {
    case "literal":
      return constantCode(node.value);
    case "variable":
      return compileVariable(compiler, node, names);
    case "self":
    case "dollar":
      return compileSelf(compiler, node, names);
    case "super":
    case "in-super":
      return compileSuper(compiler, node, names, inner(node.index));
    case "local": {
      const scope = namesOf(
        names,
        node.binds.map(({ name }) => name),
      );
      const binds = compileBinds(compiler, node.binds, scope);
      return compileLocal(node.height, binds, compileNode(compiler, node.body, scope, tail));
    }
    case "if":
      return compileIf(
        node,
        inner(node.condition),
        compileNode(compiler, node.consequence, names, tail),
        node.otherwise === null ? constantCode(null) : compileNode(compiler, node.otherwise, names, tail),
      );
    case "error": {
      const message = inner(node.message);
      return codeOf(node.height, (rt, scope) => {
        const text = message.run(rt, scope);
        rt.at = node.at;
        throw fail(rt, toText(rt, text));
      });
    }
    case "assert": {
      const check = compileAssert(compiler, node.check, names);
      const body = compileNode(compiler, node.body, names, tail);
      return codeOf(node.height, (rt, scope) => {
        check.run(rt, scope);
        return body.run(rt, scope);
      });
    }
    case "function":
      return compileFunction(compiler, node, names);
    case "call":
      return compileCall(compiler, node, names, tail);
    case "unary":
      return compileUnary(node, inner(node.operand));
    case "binary":
      return compileBinary(node, inner(node.left), inner(node.right));
    case "index":
      return compileIndex(compiler, node, inner(node.target), inner(node.index));
    case "slice":
      return compileSlice(
        node,
        inner(node.target),
        optional(node.from),
        optional(node.to),
        optional(node.step),
      );
    case "array":
      return compileArray(node.height, node.items.map(inner));
    case "array-comprehension":
      return compileComprehension(compiler, node, names);
    case "object":
      return compileObject(compiler, node, names);
    case "object-comprehension":
      return compileObjectComprehension(compiler, node, names);
  }
}

function compileVariable({ source, std }: Compiler, node: NodeOf<"variable">, names: Names): Code {
  const place = findName(names, node.name);
  if (place === null) throw errorAt(source, node.at, `unknown variable: ${node.name}`);
  // This is the library itself, unless the script has a `std` of its own. It is known now, and so are its functions.
  if (node.name === "std" && isOutermost(names, place)) return constantCode(std);
  const { hops, index } = place;
  const { at } = node;
  const run: Run =
    hops === 0
      ? (rt, scope) => forceAt(rt, scope.slots[index], at)
      : hops === 1
        ? (rt, scope) => forceAt(rt, scope.up?.slots[index], at)
        : (rt, scope) => forceAt(rt, slotAt(scope, place), at);
  return codeOf(1, run, (_rt, scope) => slotAt(scope, place));
}

function forceAt(rt: Runtime, slot: Slot | undefined, at: number): Value {
  rt.at = at;
  return force(rt, slot ?? null);
}

function compileSelf({ source }: Compiler, node: NodeOf<"self" | "dollar">, names: Names): Code {
  const [which, word] = node.kind === "self" ? (["nearest", "self"] as const) : (["outermost", "$"] as const);
  const hops = findObject(names, which);
  if (hops === null) throw errorAt(source, node.at, `${word} is used outside of an object`);
  const run = (_rt: Runtime, scope: Scope): Value => scopeAt(scope, hops).slots[SELF_SLOT] as ObjectValue;
  return codeOf(1, run, run);
}

function compileSuper(
  { source }: Compiler,
  node: NodeOf<"super" | "in-super">,
  names: Names,
  index: Code,
): Code {
  const hops = findObject(names, "nearest");
  if (hops === null) throw errorAt(source, node.at, "super is used outside of an object");
  return codeOf(node.height, (rt, scope) => {
    const name = index.run(rt, scope);
    rt.at = node.at;
    spend(rt, 1);
    const { slots } = scopeAt(scope, hops);
    const object = slots[SELF_SLOT] as ObjectValue;
    const layer = slots[LAYER_SLOT] as number;
    if (typeof name !== "string") throw fail(rt, `a field name must be a string, got ${typeOf(name)}`);
    return node.kind === "super"
      ? getSuperField(rt, object, layer, name)
      : hasFieldBelow(rt, object, name, layer);
  });
}

function compileBinds(compiler: Compiler, binds: readonly Bind[], names: Names): Code[] {
  return binds.map(({ value }) => {
    const code = compileNode(compiler, value, names, false);
    // The variable named may not be in its slot yet, so it is looked up when forced, not when bound.
    return value.kind === "variable" ? codeOf(code.height, code.run) : code;
  });
}

function compileLocal(height: number, binds: readonly Code[], body: Code): Code {
  return codeOf(height, (rt, scope) => {
    allocateSlots(rt, binds.length * 2);
    const inner: Scope = { slots: [], up: scope };
    for (const bind of binds) inner.slots.push(bind.delay(rt, inner));
    return body.run(rt, inner);
  });
}

function compileIf({ at, height }: Node, condition: Code, consequence: Code, otherwise: Code): Code {
  return codeOf(height, (rt, scope) => {
    spend(rt, 1);
    const chosen = condition.run(rt, scope);
    if (chosen === true) return consequence.run(rt, scope);
    if (chosen === false) return otherwise.run(rt, scope);
    rt.at = at;
    throw fail(rt, `a condition must be true or false, got ${typeOf(chosen)}`);
  });
}

/** Compiles an assert, which gives null or fails with its message. */
function compileAssert(compiler: Compiler, { at, condition, message }: AssertNode, names: Names): Code {
  const test = compileNode(compiler, condition, names, false);
  const text = message === null ? null : compileNode(compiler, message, names, false);
  const height = Math.max(test.height, text?.height ?? 0) + 1;
  return codeOf(height, (rt, scope) => {
    const held = test.run(rt, scope);
    rt.at = at;
    if (typeof held !== "boolean") throw fail(rt, `an assert must be true or false, got ${typeOf(held)}`);
    if (held) return null;
    const reason = text === null ? "assertion failed" : toText(rt, text.run(rt, scope));
    rt.at = at;
    throw fail(rt, reason);
  });
}

function compileFunction(compiler: Compiler, node: NodeOf<"function">, names: Names): Code {
  const scope = namesOf(
    names,
    node.parameters.map(({ name }) => name),
  );
  const toParameter = ({ name, fallback }: Parameter): RuntimeParameter => ({
    name,
    fallback: fallback === null ? null : compileNode(compiler, fallback, scope, false),
  });
  const parameters = node.parameters.map(toParameter);
  const body = compileNode(compiler, node.body, scope, true);
  const run = (rt: Runtime, scope: Scope): FunctionValue => {
    allocateSlots(rt, 0);
    return { kind: "function", parameters, scope, body, strict: null };
  };
  return codeOf(1, run, run);
}

function compileUnary({ at, height, operator }: NodeOf<"unary">, operand: Code): Code {
  return codeOf(height, (rt, scope) => {
    const value = operand.run(rt, scope);
    rt.at = at;
    spend(rt, 1);
    if (operator === "!") {
      if (typeof value === "boolean") return !value;
    } else if (typeof value === "number") {
      return operator === "-" ? -value : operator === "+" ? value : finite(rt, Number(~toInteger(rt, value)));
    }
    throw fail(rt, `operator ${operator} cannot be used on ${typeOf(value)}`);
  });
}

function compileBinary({ at, height, operator }: NodeOf<"binary">, left: Code, right: Code): Code {
  if (operator === "&&" || operator === "||") {
    const decided = operator === "||";
    return codeOf(height, (rt, scope) => {
      spend(rt, 1);
      const value = left.run(rt, scope);
      const last = value === decided ? value : value === !decided ? right.run(rt, scope) : value;
      if (typeof last === "boolean") return last;
      rt.at = at;
      throw fail(rt, `operator ${operator} needs true or false, got ${typeOf(last)}`);
    });
  }
  const operate = OPERATIONS[operator];
  return codeOf(height, (rt, scope) => {
    const a = left.run(rt, scope);
    const b = right.run(rt, scope);
    rt.at = at;
    spend(rt, 1);
    return operate(rt, a, b);
  });
}

function compileIndex({ std }: Compiler, { at, height }: Node, target: Code, index: Code): Code {
  const name = index.constant;
  if (typeof name !== "string") {
    return codeOf(height, (rt, scope) => {
      const value = target.run(rt, scope);
      const key = index.run(rt, scope);
      rt.at = at;
      spend(rt, 1);
      return indexValue(rt, value, key);
    });
  }
  const known = target.constant === std ? findConstant(std, name) : undefined;
  if (known !== undefined) return constantCode(known);
  return codeOf(height, (rt, scope) => {
    const value = target.run(rt, scope);
    rt.at = at;
    spend(rt, 1);
    return isObject(value) ? getField(rt, value, name) : indexValue(rt, value, name);
  });
}

/** Finds a field of the library, which has one layer. */
function findConstant({ layers: [layer] }: ObjectValue, name: string): Value | undefined {
  return layer === undefined || layer.json !== null ? undefined : layer.fields.get(name)?.body.constant;
}

function compileSlice({ at, height }: Node, target: Code, from: Code, to: Code, step: Code): Code {
  return codeOf(height, (rt, scope) => {
    const value = target.run(rt, scope);
    const start = from.run(rt, scope);
    const end = to.run(rt, scope);
    const by = step.run(rt, scope);
    rt.at = at;
    spend(rt, 1);
    return sliceValue(rt, value, start, end, by);
  });
}

function compileArray(height: number, items: readonly Code[]): Code {
  return codeOf(height, (rt, scope) => {
    allocateSlots(rt, items.length);
    const slots: Slot[] = [];
    for (const item of items) slots.push(item.delay(rt, scope));
    return arrayOf(slots);
  });
}
