import type { AssertNode, Bind, Clause, FieldNode, Node, Parameter, Visibility } from "./ast.ts";
import { errorAt } from "../jsonnet-error.ts";
import { expect, type ParseState, peek, sees, take, takeIf, takeNew, unexpected } from "./parse-state.ts";

/** What is between the braces of an object. `clauses` is null except in a comprehension. */
export interface ObjectBody {
  fields: FieldNode[];
  locals: Bind[];
  asserts: AssertNode[];
  clauses: Clause[] | null;
}

/** The grammar rules used here. They are passed in, since they use this one too. */
export interface Rules {
  parseExpression: (state: ParseState) => Node;
  parseBind: (state: ParseState, names: Set<string>) => Bind;
  parseParameters: (state: ParseState) => Parameter[];
  parseAssert: (state: ParseState, at: number) => AssertNode;
  parseClauses: (state: ParseState, close: string) => Clause[];
  functionNode: (state: ParseState, at: number, parameters: Parameter[], body: Node) => Node;
}

/** Reads an object up to and including the closing brace. */
export function parseObjectBody(state: ParseState, rules: Rules): ObjectBody {
  const body: ObjectBody = { fields: [], locals: [], asserts: [], clauses: null };
  const names = new Set<string>();
  const locals = new Set<string>();
  while (!takeIf(state, "}")) {
    const { at } = peek(state);
    if (takeIf(state, "local")) {
      body.locals.push(rules.parseBind(state, locals));
    } else if (takeIf(state, "assert")) {
      body.asserts.push(rules.parseAssert(state, at));
    } else {
      const field = parseField(state, rules);
      if (typeof field.name === "string") {
        if (!takeNew(names, field.name))
          throw errorAt(state.source, at, `field ${field.name} is defined twice`);
      }
      body.fields.push(field);
    }
    const comma = takeIf(state, ",");
    if (sees(state, "for") && body.fields.length > 0) {
      body.clauses = rules.parseClauses(state, "}");
      return body;
    }
    if (!comma && !sees(state, "}")) throw unexpected(state, "expected , or }");
  }
  return body;
}

const VISIBILITY: ReadonlyMap<string, Visibility> = new Map([
  [":", "inherited"],
  ["::", "hidden"],
  [":::", "visible"],
]);

function parseField(state: ParseState, rules: Rules): FieldNode {
  const { at } = peek(state);
  const name = parseFieldName(state, rules);
  const parameters = sees(state, "(") ? rules.parseParameters(state) : null;
  const { kind, text } = peek(state);
  const adds = text.startsWith("+");
  const visibility = kind === "symbol" ? VISIBILITY.get(adds ? text.slice(1) : text) : undefined;
  if (visibility === undefined || (adds && parameters !== null))
    throw unexpected(state, "expected : after a field name");
  take(state);
  const body = rules.parseExpression(state);
  const value = parameters === null ? body : rules.functionNode(state, at, parameters, body);
  return { at, name, visibility, adds, value };
}

function parseFieldName(state: ParseState, rules: Rules): string | Node {
  const { kind, text } = peek(state);
  if (kind === "name" || kind === "string") {
    take(state);
    return text;
  }
  if (!takeIf(state, "[")) throw unexpected(state, "expected a field");
  const name = rules.parseExpression(state);
  expect(state, "]");
  return name;
}
