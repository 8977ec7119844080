import type { BinaryOperator, Bind, Clause, Node, Parameter, UnaryOperator } from "./ast.ts";
import { errorAt, JsonnetError } from "../jsonnet-error.ts";
import { tokenize } from "./lexer.ts";
import { parseObjectBody } from "./parse-object.ts";
import {
  expect,
  heightOver,
  nested,
  type ParseState,
  peek,
  sees,
  take,
  takeIf,
  takeList,
  takeName,
  takeNew,
  unexpected,
} from "./parse-state.ts";

/**
 * Parses source to a syntax tree by recursive descent. Errors name their place, and depth is bounded
 * (`parse-state.ts`). Names are looked up later, by `compile.ts`.
 */
export function parse(source: string): Node {
  if (source.length > MAX_SOURCE) throw new JsonnetError(`source is longer than ${MAX_SOURCE} characters`);
  const state: ParseState = { source, tokens: tokenize(source), next: 0, depth: 0 };
  const node = parseExpression(state);
  if (peek(state).kind !== "end") throw unexpected(state, "expected the end");
  return node;
}

const MAX_SOURCE = 65_536;

/** Binding strengths; a unary operator binds more tightly than any of these. */
const STRENGTH: ReadonlyMap<string, number> = new Map(
  [
    ["||"],
    ["&&"],
    ["|"],
    ["^"],
    ["&"],
    ["==", "!="],
    ["<", "<=", ">", ">=", "in"],
    ["<<", ">>"],
    ["+", "-"],
    ["*", "/", "%"],
  ].flatMap((operators, strength) => operators.map((operator) => [operator, strength + 1] as const)),
);

function parseExpression(state: ParseState): Node {
  return nested(state, (inner) => parseBinary(inner, 0));
}

function parseBinary(state: ParseState, weakest: number): Node {
  let left = parseUnary(state);
  for (;;) {
    const { kind, text, at } = peek(state);
    const strength = kind === "symbol" || kind === "keyword" ? STRENGTH.get(text) : undefined;
    if (strength === undefined || strength <= weakest) return left;
    take(state);
    if (text === "in" && sees(state, "super") && !sees(state, ".", 1) && !sees(state, "[", 1)) {
      take(state);
      left = { kind: "in-super", at, height: heightOver(state, at, [left]), index: left };
      continue;
    }
    const right = parseBinary(state, strength);
    const operator = text as BinaryOperator;
    left = { kind: "binary", at, height: heightOver(state, at, [left, right]), operator, left, right };
  }
}

const UNARY = new Set(["-", "+", "!", "~"]);

function parseUnary(state: ParseState): Node {
  const { kind, text, at } = peek(state);
  if (kind !== "symbol" || !UNARY.has(text)) return parsePostfix(state);
  take(state);
  const operand = nested(state, parseUnary);
  const operator = text as UnaryOperator;
  return { kind: "unary", at, height: heightOver(state, at, [operand]), operator, operand };
}

function parsePostfix(state: ParseState): Node {
  let target = parsePrimary(state);
  for (;;) {
    const { at } = peek(state);
    if (sees(state, ".")) {
      take(state);
      const name = takeName(state);
      const index: Node = { kind: "literal", at: name.at, height: 1, value: name.text };
      target = { kind: "index", at: name.at, height: heightOver(state, at, [target]), target, index };
    } else if (sees(state, "[")) {
      target = parseBrackets(state, target);
    } else if (sees(state, "(")) {
      target = parseCall(state, target);
    } else if (sees(state, "{")) {
      const right = nested(state, parseObject);
      const height = heightOver(state, at, [target, right]);
      target = { kind: "binary", at, height, operator: "+", left: target, right };
    } else {
      return target;
    }
  }
}

function parseBrackets(state: ParseState, target: Node): Node {
  const { at } = expect(state, "[");
  const parts: (Node | null)[] = [null];
  while (!sees(state, "]")) {
    if (sees(state, ":") || sees(state, "::")) {
      // `[a::b]` has an empty part in the middle of what the lexer reads as one symbol.
      parts.push(...(take(state).text === "::" ? [null, null] : [null]));
    } else if (parts.at(-1) === null) {
      parts[parts.length - 1] = parseExpression(state);
    } else {
      throw unexpected(state, "expected ]");
    }
  }
  const [from = null, to = null, step = null] = parts;
  if (parts.length > 3 || (parts.length === 1 && from === null))
    throw unexpected(state, "expected an index or a slice");
  take(state);
  const height = heightOver(state, at, [target, ...parts]);
  if (parts.length === 1 && from !== null) return { kind: "index", at, height, target, index: from };
  return { kind: "slice", at, height, target, from, to, step };
}

function parseCall(state: ParseState, callee: Node): Node {
  const { at } = expect(state, "(");
  const positional: Node[] = [];
  const named: { at: number; name: string; value: Node }[] = [];
  const names = new Set<string>();
  takeList(state, ")", () => {
    const { at, text, kind } = peek(state);
    if (kind === "name" && sees(state, "=", 1)) {
      if (!takeNew(names, text)) throw errorAt(state.source, at, `argument ${text} is given twice`);
      state.next += 2;
      named.push({ at, name: text, value: parseExpression(state) });
    } else {
      if (named.length > 0)
        throw errorAt(state.source, at, "a positional argument must not follow a named one");
      positional.push(parseExpression(state));
    }
  });
  const tailstrict = takeIf(state, "tailstrict");
  const height = heightOver(state, at, [callee, ...positional, ...named.map(({ value }) => value)]);
  return { kind: "call", at, height, callee, positional, named, tailstrict };
}

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ["null", null],
  ["true", true],
  ["false", false],
]);

function parsePrimary(state: ParseState): Node {
  const { kind, text, at } = peek(state);
  if (kind === "keyword") return parseKeyword(state);
  if (kind === "name") {
    take(state);
    return { kind: "variable", at, height: 1, name: text };
  }
  if (kind === "number") {
    take(state);
    const value = Number(text);
    if (!Number.isFinite(value)) throw errorAt(state.source, at, `number is too large: ${text}`);
    return { kind: "literal", at, height: 1, value };
  }
  if (kind === "string") {
    take(state);
    return { kind: "literal", at, height: 1, value: text };
  }
  if (sees(state, "$")) {
    take(state);
    return { kind: "dollar", at, height: 1 };
  }
  if (sees(state, "{")) return parseObject(state);
  if (sees(state, "[")) return parseArray(state);
  if (!takeIf(state, "(")) throw unexpected(state, "expected an expression");
  const inner = parseExpression(state);
  expect(state, ")");
  return inner;
}

function parseKeyword(state: ParseState): Node {
  const { text, at } = take(state);
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return { kind: "literal", at, height: 1, value: constant };
  switch (text) {
    case "self":
      return { kind: "self", at, height: 1 };
    case "super":
      return parseSuper(state, at);
    case "local":
      return parseLocal(state, at);
    case "if":
      return parseIf(state, at);
    case "function": {
      const parameters = parseParameters(state);
      return functionNode(state, at, parameters, parseExpression(state));
    }
    case "error": {
      const message = parseExpression(state);
      return { kind: "error", at, height: heightOver(state, at, [message]), message };
    }
    case "assert": {
      const check = parseAssert(state, at);
      expect(state, ";");
      const body = parseExpression(state);
      const height = heightOver(state, at, [check.condition, check.message, body]);
      return { kind: "assert", at, height, check, body };
    }
    case "import":
    case "importstr":
    case "importbin":
      throw errorAt(state.source, at, `${text} is not available here: scripts read nothing but their data`);
    default:
      state.next--;
      throw unexpected(state, "expected an expression");
  }
}

function parseSuper(state: ParseState, at: number): Node {
  if (takeIf(state, ".")) {
    const name = takeName(state);
    return { kind: "super", at, height: 2, index: { kind: "literal", at, height: 1, value: name.text } };
  }
  if (!takeIf(state, "[")) throw unexpected(state, "expected . or [ after super");
  const index = parseExpression(state);
  expect(state, "]");
  return { kind: "super", at, height: heightOver(state, at, [index]), index };
}

function parseLocal(state: ParseState, at: number): Node {
  const binds: Bind[] = [];
  const names = new Set<string>();
  do binds.push(parseBind(state, names));
  while (takeIf(state, ","));
  expect(state, ";");
  const body = parseExpression(state);
  const height = heightOver(state, at, [...binds.map(({ value }) => value), body]);
  return { kind: "local", at, height, binds, body };
}

/** Reads one `name = value` or `name(parameters) = value`. */
/** `names` holds the names of the binds before it; its own is added. */
function parseBind(state: ParseState, names: Set<string>): Bind {
  const { at, text: name } = takeName(state);
  if (!takeNew(names, name)) throw errorAt(state.source, at, `local ${name} is defined twice`);
  const parameters = sees(state, "(") ? parseParameters(state) : null;
  expect(state, "=");
  const value = parseExpression(state);
  return { at, name, value: parameters === null ? value : functionNode(state, at, parameters, value) };
}

function parseParameters(state: ParseState): Parameter[] {
  expect(state, "(");
  const parameters: Parameter[] = [];
  const names = new Set<string>();
  takeList(state, ")", () => {
    const { at, text: name } = takeName(state);
    if (!takeNew(names, name)) throw errorAt(state.source, at, `parameter ${name} is defined twice`);
    parameters.push({ at, name, fallback: takeIf(state, "=") ? parseExpression(state) : null });
  });
  return parameters;
}

function functionNode(state: ParseState, at: number, parameters: Parameter[], body: Node): Node {
  const height = heightOver(state, at, [body, ...parameters.map(({ fallback }) => fallback)]);
  return { kind: "function", at, height, parameters, body };
}

function parseIf(state: ParseState, at: number): Node {
  const condition = parseExpression(state);
  expect(state, "then");
  const consequence = parseExpression(state);
  const otherwise = takeIf(state, "else") ? parseExpression(state) : null;
  const height = heightOver(state, at, [condition, consequence, otherwise]);
  return { kind: "if", at, height, condition, consequence, otherwise };
}

function parseAssert(state: ParseState, at: number) {
  const condition = parseExpression(state);
  return { at, condition, message: takeIf(state, ":") ? parseExpression(state) : null };
}

function parseArray(state: ParseState): Node {
  const { at } = expect(state, "[");
  const items: Node[] = [];
  while (!takeIf(state, "]")) {
    items.push(parseExpression(state));
    const comma = takeIf(state, ",");
    const [item] = items;
    if (sees(state, "for") && items.length === 1 && item !== undefined) {
      const clauses = parseClauses(state, "]");
      const height = heightOver(state, at, [item, ...clauseNodes(clauses)]) + clauses.length;
      return { kind: "array-comprehension", at, height, item, clauses };
    }
    if (!comma && !sees(state, "]")) throw unexpected(state, "expected , or ]");
  }
  return { kind: "array", at, height: heightOver(state, at, items), items };
}

/** Reads `for` and `if` clauses up to the closing symbol. */
function parseClauses(state: ParseState, close: string): Clause[] {
  const clauses: Clause[] = [];
  while (!takeIf(state, close)) {
    const { at } = peek(state);
    if (clauses.length > 0 && takeIf(state, "if")) {
      clauses.push({ kind: "if", at, condition: parseExpression(state) });
    } else {
      if (!takeIf(state, "for")) throw unexpected(state, `expected for, if or ${close}`);
      const name = takeName(state).text;
      expect(state, "in");
      clauses.push({ kind: "for", at, name, over: parseExpression(state) });
    }
    // Clauses nest when they run, as nested expressions do.
    if (clauses.length > MAX_CLAUSES) throw errorAt(state.source, at, "too many clauses");
  }
  return clauses;
}

const MAX_CLAUSES = 50;

function clauseNodes(clauses: readonly Clause[]): Node[] {
  return clauses.map((clause) => (clause.kind === "for" ? clause.over : clause.condition));
}

function parseObject(state: ParseState): Node {
  const { at } = expect(state, "{");
  const body = parseObjectBody(state, {
    parseExpression,
    parseBind,
    parseParameters,
    parseAssert,
    parseClauses,
    functionNode,
  });
  const nodes: (Node | null)[] = body.locals.map(({ value }) => value);
  for (const { name, value } of body.fields) nodes.push(value, typeof name === "string" ? null : name);
  for (const { condition, message } of body.asserts) nodes.push(condition, message);
  const height = heightOver(state, at, [...nodes, ...clauseNodes(body.clauses ?? [])]) + 1;
  const { fields, locals, asserts, clauses } = body;
  if (clauses === null) return { kind: "object", at, height, fields, locals, asserts };
  const [field] = fields;
  if (fields.length !== 1 || field === undefined || typeof field.name === "string")
    throw errorAt(state.source, at, "an object comprehension has one field, and its name is computed");
  if (field.visibility !== "inherited")
    throw errorAt(state.source, field.at, "the field of an object comprehension is written with :");
  if (asserts.length > 0) throw errorAt(state.source, at, "an object comprehension has no asserts");
  const named = { ...field, name: field.name };
  return {
    kind: "object-comprehension",
    at,
    height: height + clauses.length,
    field: named,
    locals,
    clauses,
  };
}
