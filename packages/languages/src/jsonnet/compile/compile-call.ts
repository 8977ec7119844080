import type { NodeOf } from "../syntax/ast.ts";
import type { Compiler } from "./compiler.ts";
import type { Names } from "./names.ts";
import { bind, call, fail, type NamedSlot, spend, TAIL } from "../runtime.ts";
import { type Code, codeOf, isFunction, type Run, type Slot, type StrictFunction, typeOf } from "../value.ts";

/** Compiles calls. Those of library functions that need all their arguments compute them on the spot. */
export function compileCall(compiler: Compiler, node: NodeOf<"call">, names: Names, tail: boolean): Code {
  const callee = compiler.code(compiler, node.callee, names, false);
  const positional = node.positional.map((value) => compiler.code(compiler, value, names, false));
  const named = node.named.map(({ name, value }) => ({
    name,
    code: compiler.code(compiler, value, names, false),
  }));
  const known = callee.constant;
  if (known !== undefined && isFunction(known) && known.strict !== null) {
    if (positional.length === known.parameters.length && named.length === 0)
      return codeOf(node.height, callStrict(node.at, known.strict, positional));
  }
  return codeOf(node.height, callAny(node, callee, positional, named, tail && node.tailstrict));
}

function callStrict(at: number, strict: StrictFunction, codes: readonly Code[]): Run {
  const [first, second, third, fourth] = codes;
  return (rt, scope) => {
    const a = first === undefined ? null : first.run(rt, scope);
    const b = second === undefined ? null : second.run(rt, scope);
    const c = third === undefined ? null : third.run(rt, scope);
    const d = fourth === undefined ? null : fourth.run(rt, scope);
    rt.at = at;
    spend(rt, 1);
    return strict(rt, a, b, c, d);
  };
}

function callAny(
  { at, tailstrict }: NodeOf<"call">,
  callee: Code,
  positional: readonly Code[],
  named: readonly { name: string; code: Code }[],
  last: boolean,
): Run {
  const width = positional.length + named.length;
  return (rt, scope) => {
    const fn = callee.run(rt, scope);
    rt.at = at;
    if (!isFunction(fn)) throw fail(rt, `only functions can be called, got ${typeOf(fn)}`);
    spend(rt, width);
    // Uses loops, not `map`, so that the calls of an argument lie as few frames below as possible.
    const slots: Slot[] = [];
    for (const code of positional) slots.push(tailstrict ? code.run(rt, scope) : code.delay(rt, scope));
    const extra: NamedSlot[] = [];
    for (const { name, code } of named)
      extra.push({ name, slot: tailstrict ? code.run(rt, scope) : code.delay(rt, scope) });
    rt.at = at;
    if (!last) return call(rt, fn, slots, extra);
    rt.tail = { fn, scope: bind(rt, fn, slots, extra) };
    return TAIL;
  };
}
