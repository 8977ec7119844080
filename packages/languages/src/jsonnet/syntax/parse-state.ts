import type { Node } from "./ast.ts";
import { errorAt } from "../jsonnet-error.ts";
import type { Token } from "./lexer.ts";

/** The state of a parse, and what every rule of the grammar does with it. */
export interface ParseState {
  readonly source: string;
  readonly tokens: Token[];
  next: number;
  /** The nesting of rules at this point. */
  depth: number;
}

/** The parser is recursive, with about twelve calls per level, and the tree it makes is run by recursion too. */
const MAX_DEPTH = 200;
/** Chains such as `a + b + c + …` are read in a loop, yet their trees are as high as they are long. */
const MAX_HEIGHT = 1000;

export function peek(state: ParseState, ahead = 0): Token {
  return state.tokens[Math.min(state.next + ahead, state.tokens.length - 1)] as Token;
}

/** Says whether the next token is this symbol or keyword. */
export function sees(state: ParseState, text: string, ahead = 0): boolean {
  const token = peek(state, ahead);
  return token.text === text && (token.kind === "symbol" || token.kind === "keyword");
}

export function take(state: ParseState): Token {
  const token = peek(state);
  state.next++;
  return token;
}

export function takeIf(state: ParseState, text: string): boolean {
  if (!sees(state, text)) return false;
  state.next++;
  return true;
}

export function expect(state: ParseState, text: string): Token {
  if (!sees(state, text)) throw unexpected(state, `expected ${text}`);
  return take(state);
}

export function takeName(state: ParseState): Token {
  if (peek(state).kind !== "name") throw unexpected(state, "expected a name");
  return take(state);
}

/** Adds a name to the taken ones; gives false when it is taken already. */
export function takeNew(names: Set<string>, name: string): boolean {
  if (names.has(name)) return false;
  names.add(name);
  return true;
}

export function unexpected(state: ParseState, wanted: string): Error {
  const token = peek(state);
  const found =
    token.kind === "end" ? "the end" : token.kind === "string" ? "a string" : JSON.stringify(token.text);
  return errorAt(state.source, token.at, `${wanted}, found ${found}`);
}

/** Runs a rule one level deeper. */
export function nested<T>(state: ParseState, rule: (state: ParseState) => T): T {
  if (++state.depth > MAX_DEPTH) throw errorAt(state.source, peek(state).at, "nested too deeply");
  const result = rule(state);
  state.depth--;
  return result;
}

/** Gives the height of a node above these children. */
export function heightOver(state: ParseState, at: number, children: readonly (Node | null)[]): number {
  let height = 0;
  for (const child of children) if (child !== null && child.height > height) height = child.height;
  if (height >= MAX_HEIGHT) throw errorAt(state.source, at, "nested too deeply");
  return height + 1;
}

/** Reads items separated by commas up to a closing symbol; one comma may follow the last item. */
export function takeList(state: ParseState, close: string, takeItem: () => void): void {
  while (!takeIf(state, close)) {
    takeItem();
    if (takeIf(state, close)) return;
    if (!takeIf(state, ",")) throw unexpected(state, `expected , or ${close}`);
  }
}
