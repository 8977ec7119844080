import type { Clause, FieldNode, NodeOf } from "../syntax/ast.ts";
import type { Compiler } from "./compiler.ts";
import { type Names, namesOf } from "./names.ts";
import { getSuperField, hasFieldBelow, LAYER_SLOT, SELF_SLOT, spendName } from "../object.ts";
import { add } from "../operators.ts";
import { allocateObject, allocateSlots, fail, spend } from "../runtime.ts";
import {
  arrayOf,
  type Code,
  codeOf,
  type Field,
  isArray,
  objectOf,
  type ObjectValue,
  type Runtime,
  type Scope,
  type ScriptLayer,
  type Slot,
  typeOf,
} from "../value.ts";

/**
 * The names in the scope of an object's fields: the object, the index of their layer, then the object's own
 * variables.
 */
function fieldNamesOf(names: Names, locals: readonly { name: string }[]): Names {
  return namesOf(
    names,
    locals.map(({ name }) => name),
    LAYER_SLOT + 1,
  );
}

export function compileObject(compiler: Compiler, node: NodeOf<"object">, names: Names): Code {
  const inside = fieldNamesOf(names, node.locals);
  const locals = compiler.binds(compiler, node.locals, inside);
  const asserts = node.asserts.map((check) => compiler.check(compiler, check, inside));
  const status = asserts.length > 0 ? "unchecked" : "none";
  const fixed = new Map<string, Field>();
  const computed: { name: Code; at: number; make: MakeField }[] = [];
  for (const field of node.fields) {
    const make = compileField(compiler, field, inside);
    if (typeof field.name === "string") fixed.set(field.name, make(field.name, null));
    // A computed name is not part of the object, so neither `self` nor the object's variables are in scope.
    else computed.push({ name: compiler.code(compiler, field.name, names, false), at: field.at, make });
  }
  return codeOf(node.height, (rt, scope) => {
    allocateObject(rt, computed.length === 0 ? 1 : 1 + fixed.size * 4);
    const fields = computed.length === 0 ? fixed : new Map(fixed);
    for (const { name, at, make } of computed) addField(rt, fields, name, scope, at, make);
    const layer: ScriptLayer = { fields, locals, asserts, scope, json: null };
    return objectOf([layer], status);
  });
}

export function compileObjectComprehension(
  compiler: Compiler,
  node: NodeOf<"object-comprehension">,
  names: Names,
): Code {
  const { field, clauses } = node;
  const loop = clauseNames(names, clauses);
  const inside = fieldNamesOf(loop, node.locals);
  const locals = compiler.binds(compiler, node.locals, inside);
  const make = compileField(compiler, field, inside);
  const name = compiler.code(compiler, field.name, loop, false);
  const iterate = compileClauses<Map<string, Field>>(compiler, clauses, names, (rt, scope, fields) => {
    allocateObject(rt, 0);
    addField(rt, fields, name, scope, field.at, (text) => make(text, scope));
  });
  return codeOf(node.height, (rt, scope) => {
    const fields = new Map<string, Field>();
    allocateObject(rt, 1);
    iterate(rt, scope, fields);
    return objectOf([{ fields, locals, asserts: [], scope, json: null }], "none");
  });
}

type MakeField = (name: string, scope: Scope | null) => Field;

/** Adds a field, unless its name is null. */
function addField(
  rt: Runtime,
  fields: Map<string, Field>,
  name: Code,
  scope: Scope,
  at: number,
  make: MakeField,
): void {
  const text = name.run(rt, scope);
  rt.at = at;
  if (text === null) return;
  if (typeof text !== "string") throw fail(rt, `a field name must be a string, got ${typeOf(text)}`);
  spendName(rt, text);
  allocateSlots(rt, 4);
  if (fields.has(text)) throw fail(rt, `field ${text} is defined twice`);
  fields.set(text, make(text, null));
}

function compileField(
  compiler: Compiler,
  { visibility, adds, value, at }: FieldNode,
  inside: Names,
): MakeField {
  const body = compiler.code(compiler, value, inside, false);
  if (!adds) return (_name, scope) => ({ visibility, body, scope });
  return (name, scope) => ({ visibility, body: addToSuper(name, body, at), scope });
}

function addToSuper(name: string, body: Code, at: number): Code {
  return codeOf(body.height + 1, (rt, scope) => {
    const object = scope.slots[SELF_SLOT] as ObjectValue;
    const layer = scope.slots[LAYER_SLOT] as number;
    if (!hasFieldBelow(rt, object, name, layer)) return body.run(rt, scope);
    const base = getSuperField(rt, object, layer, name);
    const value = body.run(rt, scope);
    rt.at = at;
    return add(rt, base, value);
  });
}

export function compileComprehension(
  compiler: Compiler,
  node: NodeOf<"array-comprehension">,
  names: Names,
): Code {
  const item = compiler.code(compiler, node.item, clauseNames(names, node.clauses), false);
  const iterate = compileClauses<Slot[]>(compiler, node.clauses, names, (rt, scope, items) => {
    allocateSlots(rt, 8);
    items.push(item.delay(rt, scope));
  });
  return codeOf(node.height, (rt, scope) => {
    const items: Slot[] = [];
    iterate(rt, scope, items);
    return arrayOf(items);
  });
}

type Iterate<Out> = (rt: Runtime, scope: Scope, out: Out) => void;

/** Each `for` opens a scope with its one variable. */
function clauseNames(names: Names, clauses: readonly Clause[]): Names {
  return clauses.reduce(
    (inner, clause) => (clause.kind === "for" ? namesOf(inner, [clause.name]) : inner),
    names,
  );
}

function compileClauses<Out>(
  compiler: Compiler,
  clauses: readonly Clause[],
  names: Names,
  emit: Iterate<Out>,
): Iterate<Out> {
  const [clause, ...rest] = clauses;
  if (clause === undefined) return emit;
  const { at } = clause;
  const next = compileClauses(compiler, rest, clauseNames(names, [clause]), emit);
  if (clause.kind === "if") {
    const condition = compiler.code(compiler, clause.condition, names, false);
    return (rt, scope, out) => {
      const held = condition.run(rt, scope);
      rt.at = at;
      if (typeof held !== "boolean") throw fail(rt, `a condition must be true or false, got ${typeOf(held)}`);
      if (held) next(rt, scope, out);
    };
  }
  const over = compiler.code(compiler, clause.over, names, false);
  return (rt, scope, out) => {
    const source = over.run(rt, scope);
    rt.at = at;
    if (!isArray(source)) throw fail(rt, `for goes over an array, got ${typeOf(source)}`);
    for (const item of source.items) {
      spend(rt, 1);
      next(rt, { slots: [item], up: scope }, out);
    }
  };
}
