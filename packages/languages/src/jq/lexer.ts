/**
 * Splits a jq program into tokens. Only what is certainly part of the language becomes one: anything doubtful is
 * `Foreign` and left to the C program, whose verdict counts and whose message authors can look up.
 */
export type Token =
  | { type: "number"; text: string }
  | { type: "string"; parts: (string | Token[])[] }
  | { type: "format"; name: string }
  | { type: "field"; name: string }
  | { type: "variable"; name: string }
  | { type: "word"; name: string }
  | { type: "sign"; text: string };

/** Thrown for something that is not evaluated in JavaScript. Not in itself a fault of the program. */
export class Foreign extends Error {
  override name = "Foreign";
}

const SPACE = /(?:[ \t\r\n]+|#[^\n\r\\]*(?=[\n\r]|$))+/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const FIELD = /\.([a-zA-Z_]\w*)/y;
const VARIABLE = /\$([a-zA-Z_]\w*)/y;
const WORD = /[a-zA-Z_]\w*(?!::)/y;
const FORMAT = /@([a-zA-Z0-9_]+)/y;
/** Leaves out `?//`, which belongs to patterns: `.a?//1` means `.a? // 1`. */
const SIGN = /\/\/=|\/\/|\.\.|==|!=|<=|>=|\|=|\+=|-=|\*=|\/=|%=|[.[\]{}()|,:;=<>+\-*/%?]/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
/** How deep interpolated strings may nest; beyond that the C program has limits of its own. */
const MAX_NESTED = 20;

/** Throws `Foreign`. */
export function tokenize(source: string): Token[] {
  return readTokens(source, 0, 0).tokens;
}

/** Reads up to the end or, inside a string (`nested` > 0), to the `)` that ends its code. */
function readTokens(source: string, start: number, nested: number): { tokens: Token[]; end: number } {
  const tokens: Token[] = [];
  let at = start;
  let open = 0;

  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) at = pattern.lastIndex;
    return found;
  }

  for (;;) {
    take(SPACE);
    if (at >= source.length) break;
    let found: RegExpExecArray | null;
    if (source[at] === '"') {
      const text = readText(source, at + 1, nested);
      tokens.push({ type: "string", parts: text.parts });
      at = text.end;
    } else if ((found = take(NUMBER)) !== null) tokens.push({ type: "number", text: found[0] });
    else if ((found = take(FIELD)) !== null) tokens.push({ type: "field", name: found[1] ?? "" });
    else if ((found = take(VARIABLE)) !== null) tokens.push({ type: "variable", name: found[1] ?? "" });
    else if ((found = take(WORD)) !== null) tokens.push({ type: "word", name: found[0] });
    else if ((found = take(FORMAT)) !== null) tokens.push({ type: "format", name: found[1] ?? "" });
    else if ((found = take(SIGN)) !== null) {
      if (found[0] === "(") open++;
      else if (found[0] === ")" && open-- === 0 && nested > 0) return { tokens, end: at };
      tokens.push({ type: "sign", text: found[0] });
    } else throw new Foreign(`unexpected character at ${at}`);
  }
  if (nested > 0) throw new Foreign("unfinished code in a text");
  return { tokens, end: at };
}

function readText(
  source: string,
  start: number,
  nested: number,
): { parts: (string | Token[])[]; end: number } {
  const parts: (string | Token[])[] = [];
  let text = "";
  for (let at = start; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === '"') {
      parts.push(wellFormed(text));
      return { parts, end: at + 1 };
    }
    if (char !== "\\") {
      text += char;
      continue;
    }
    const escape = source.charAt(++at);
    if (escape === "(") {
      if (nested >= MAX_NESTED) throw new Foreign("too many texts inside of texts");
      const code = readTokens(source, at + 1, nested + 1);
      parts.push(wellFormed(text), code.tokens);
      text = "";
      at = code.end - 1;
    } else if (escape === "u" && /^[0-9a-fA-F]{4}$/.test(source.slice(at + 1, at + 5))) {
      text += String.fromCharCode(Number.parseInt(source.slice(at + 1, at + 5), 16));
      at += 4;
    } else if (Object.hasOwn(ESCAPES, escape)) text += ESCAPES[escape];
    else throw new Foreign(`unknown escape \\${escape}`);
  }
  throw new Foreign("unfinished text");
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Foreign("half of a surrogate pair");
  return text;
}
