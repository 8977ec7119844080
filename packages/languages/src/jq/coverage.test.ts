import { expect, it } from "vitest";
import { BUILTIN_NAMES } from "./builtins.ts";
import { DEFINED_NAMES } from "./delegate.ts";
import { FUNCTIONS } from "./fixtures/functions.ts";
import { LANGUAGE } from "./fixtures/language.ts";
import { RARE_FUNCTIONS } from "./fixtures/rare-functions.ts";
import { FORMAT_NAMES } from "./formats.ts";
import { type Token, tokenize } from "./lexer.ts";
import { createJqEngine } from "./node.ts";

/** Each function with the number of its arguments, and each format, that the cases of the manual call. */
const tested = new Set<string>();
for (const rows of Object.values({ ...LANGUAGE, ...FUNCTIONS, ...RARE_FUNCTIONS })) {
  for (const [program] of rows) addCalls(tokenize(program));
}

function addCalls(tokens: readonly Token[]): void {
  for (const [at, token] of tokens.entries()) {
    if (token.type === "format") tested.add(`@${token.name}`);
    if (token.type === "word") tested.add(`${token.name}/${countArguments(tokens, at + 1)}`);
    if (token.type !== "string") continue;
    for (const part of token.parts) if (typeof part !== "string") addCalls(part);
  }
}

/** Counts from the parenthesis after a name to the one that closes it. */
function countArguments(tokens: readonly Token[], start: number): number {
  let depth = 0;
  let count = 0;
  for (const token of tokens.slice(start)) {
    if (token.type === "sign" && "([{".includes(token.text)) {
      if (depth === 0 && token.text !== "(") return 0;
      if (depth++ === 0) count = 1;
    } else if (token.type === "sign" && ")]}".includes(token.text)) {
      if (--depth <= 0) return count;
    } else if (depth === 0) return 0;
    else if (depth === 1 && token.type === "sign" && token.text === ";") count++;
  }
  return count;
}

it("has a case for each function that is evaluated in JavaScript", () => {
  expect(BUILTIN_NAMES.length).toBeGreaterThan(80);
  expect(BUILTIN_NAMES.filter((name) => !tested.has(name))).toEqual([]);
});

it("has a case for each function of the C program, and each that it is given", () => {
  const builtins = createJqEngine().evaluate("builtins", {}) as string[];
  expect(builtins.length).toBeGreaterThan(200);
  expect(builtins.filter((name) => !tested.has(name))).toEqual([]);
  const names = new Set([...tested].map((name) => name.split("/")[0]));
  expect(DEFINED_NAMES.filter((name) => !names.has(name))).toEqual([]);
});

it("has a case for each format", () => {
  expect(FORMAT_NAMES.filter((name) => !tested.has(`@${name}`))).toEqual([]);
});
