import { Foreign, type Token, tokenize } from "./lexer.ts";

/**
 * Parses the part of jq that is evaluated in JavaScript: the part whose cost a step counter can bound, without
 * definitions, assignments, patterns or labels. The grammar follows jq's own, precedence levels included. Anything
 * else is `Foreign`, even what is not jq at all.
 */
export type Node =
  | { type: "identity" }
  | { type: "recurse" }
  | { type: "literal"; value: string | number | boolean | null; exact: boolean }
  | { type: "variable"; name: string }
  | { type: "text"; format: string | null; parts: (string | Node)[] }
  | { type: "format"; name: string }
  | { type: "index"; of: Node; key: Node; optional: boolean }
  | { type: "slice"; of: Node; from: Node | null; to: Node | null; optional: boolean }
  | { type: "iterate"; of: Node; optional: boolean }
  | { type: "array"; of: Node | null }
  | { type: "object"; entries: [key: Node, value: Node][] }
  | { type: "negate"; of: Node }
  | { type: "pipe" | "comma" | "alternative" | "and" | "or"; left: Node; right: Node }
  | { type: "binary"; operator: string; left: Node; right: Node }
  | { type: "if"; test: Node; yes: Node; no: Node | null }
  | { type: "try"; body: Node; handler: Node | null }
  | { type: "bind"; source: Node; name: string; body: Node }
  | { type: "reduce"; source: Node; name: string; start: Node; update: Node }
  | { type: "foreach"; source: Node; name: string; start: Node; update: Node; extract: Node | null }
  | { type: "call"; name: string; args: Node[] };

const KEYWORDS = new Set(
  "def if then elif else end as reduce foreach try catch label import include and or __loc__".split(" "),
);
const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];
/** Operators by precedence, loosest first. Comparisons do not chain. */
const LEVELS: readonly { signs: readonly string[]; chains: boolean }[] = [
  { signs: ["or"], chains: true },
  { signs: ["and"], chains: true },
  { signs: COMPARISONS, chains: false },
  { signs: ["+", "-"], chains: true },
  { signs: ["*", "/", "%"], chains: true },
];
const PRODUCT = 4;
const MAX_DEPTH = 200;
const MAX_TOKENS = 1000;
const IDENTITY: Node = { type: "identity" };

/** Throws `Foreign`, also for programs so long that their functions might nest beyond the stack. */
export function parse(source: string): Node {
  const tokens = tokenize(source);
  if (tokens.length > MAX_TOKENS) throw new Foreign("too long");
  return parseTokens(tokens, 0);
}

function parseTokens(tokens: readonly Token[], outerDepth: number): Node {
  let at = 0;
  let depth = outerDepth;

  function isSign(text: string): boolean {
    const token = tokens[at];
    return token?.type === "sign" && token.text === text;
  }

  function isWord(name: string): boolean {
    const token = tokens[at];
    return token?.type === "word" && token.name === name;
  }

  function skip(text: string): boolean {
    const found = isSign(text) || isWord(text);
    if (found) at++;
    return found;
  }

  function expect(text: string): void {
    if (!skip(text)) throw new Foreign(`expected ${text}`);
  }

  function deeper<T>(read: () => T): T {
    if (++depth > MAX_DEPTH) throw new Foreign("nested too deeply");
    const result = read();
    depth--;
    return result;
  }

  const parsePipe = (): Node =>
    deeper(() => {
      const left = parseComma();
      return skip("|") ? { type: "pipe", left, right: parsePipe() } : left;
    });

  function parseComma(): Node {
    let left = parseAlternative();
    while (skip(",")) left = { type: "comma", left, right: parseAlternative() };
    return left;
  }

  const parseAlternative = (): Node =>
    deeper(() => {
      const left = parseBinary(0);
      return skip("//") ? { type: "alternative", left, right: parseAlternative() } : left;
    });

  function parseBinary(level: number): Node {
    const signs = LEVELS[level];
    if (signs === undefined) return parseOperand();
    let left = parseBinary(level + 1);
    for (;;) {
      const operator = signs.signs.find(skip);
      if (operator === undefined) return left;
      const right = parseBinary(level + 1);
      left =
        operator === "and" || operator === "or"
          ? { type: operator, left, right }
          : { type: "binary", operator, left, right };
      if (!signs.chains) return left;
    }
  }

  function parseOperand(): Node {
    if (skip("-")) return deeper(() => ({ type: "negate", of: parseBinary(PRODUCT) }));
    const term = parseTerm();
    if (!skip("as")) return term;
    const name = variableName();
    expect("|");
    const body = parsePipe();
    // A comparison sign here would be the second of a chain, not a comparison of the whole binding.
    if (COMPARISONS.some(isSign)) throw new Foreign("comparisons do not chain");
    return { type: "bind", source: term, name, body };
  }

  function variableName(): string {
    const token = tokens[at++];
    if (token?.type !== "variable") throw new Foreign("expected a variable");
    return token.name;
  }

  function parseTerm(): Node {
    let term = deeper(parseHead);
    for (;;) {
      const token = tokens[at];
      if (token?.type === "field") {
        at++;
        term = { type: "index", of: term, key: literal(token.name), optional: skip("?") };
      } else if (isSign("[")) {
        term = parseBrackets(term);
      } else if (isSign(".") && (isNextSign("[") || tokens[at + 1]?.type === "string")) {
        at++;
        term = isSign("[") ? parseBrackets(term) : parseNamed(term);
      } else if (skip("?")) {
        term = { type: "try", body: term, handler: null };
      } else return term;
    }
  }

  function isNextSign(text: string): boolean {
    const token = tokens[at + 1];
    return token?.type === "sign" && token.text === text;
  }

  function parseNamed(of: Node): Node {
    const key = parseText(null);
    return { type: "index", of, key, optional: skip("?") };
  }

  function parseBrackets(of: Node): Node {
    expect("[");
    if (skip("]")) return { type: "iterate", of, optional: skip("?") };
    if (skip(":")) {
      const to = parsePipe();
      expect("]");
      return { type: "slice", of, from: null, to, optional: skip("?") };
    }
    const key = parsePipe();
    if (skip(":")) {
      const to = isSign("]") ? null : parsePipe();
      expect("]");
      return { type: "slice", of, from: key, to, optional: skip("?") };
    }
    expect("]");
    return { type: "index", of, key, optional: skip("?") };
  }

  function parseHead(): Node {
    const token = tokens[at];
    if (token === undefined) throw new Foreign("unexpected end");
    switch (token.type) {
      case "number":
        at++;
        return numberLiteral(token.text);
      case "string":
        return parseText(null);
      case "format":
        at++;
        return tokens[at]?.type === "string" ? parseText(token.name) : { type: "format", name: token.name };
      case "field":
        at++;
        return { type: "index", of: IDENTITY, key: literal(token.name), optional: skip("?") };
      case "variable":
        at++;
        return { type: "variable", name: token.name };
      case "word":
        return parseWord(token.name);
      case "sign":
        return parseSign(token.text);
    }
  }

  function parseSign(text: string): Node {
    at++;
    if (text === ".") {
      if (tokens[at]?.type === "string") return parseNamed(IDENTITY);
      return IDENTITY;
    }
    if (text === "..") return { type: "recurse" };
    if (text === "(") {
      const inner = parsePipe();
      expect(")");
      // A node of its own: the path of `(.a).b?` ends at the parenthesis, and a literal inside it is a value.
      return inner;
    }
    if (text === "[") {
      if (skip("]")) return { type: "array", of: null };
      const inner = parsePipe();
      expect("]");
      return { type: "array", of: inner };
    }
    if (text === "{") return parseObject();
    throw new Foreign(`unexpected ${text}`);
  }

  function parseWord(name: string): Node {
    at++;
    if (name === "if") return parseIf();
    if (name === "try") {
      const body = deeper(parseTerm);
      return { type: "try", body, handler: skip("catch") ? deeper(parseTerm) : null };
    }
    if (name === "reduce" || name === "foreach") return parseLoop(name);
    if (KEYWORDS.has(name)) throw new Foreign(`unexpected ${name}`);
    const args: Node[] = [];
    if (skip("(")) {
      do args.push(parsePipe());
      while (skip(";"));
      expect(")");
    } else if (name === "true" || name === "false") return literal(name === "true");
    else if (name === "null") return literal(null);
    return { type: "call", name, args };
  }

  /** Reads what follows `if` or `elif`. */
  const parseIf = (): Node =>
    deeper(() => {
      const test = parsePipe();
      expect("then");
      const yes = parsePipe();
      if (skip("elif")) return { type: "if", test, yes, no: parseIf() };
      const no = skip("else") ? parsePipe() : null;
      expect("end");
      return { type: "if", test, yes, no };
    });

  function parseLoop(type: "reduce" | "foreach"): Node {
    const source = parseTerm();
    expect("as");
    const name = variableName();
    expect("(");
    const start = parsePipe();
    expect(";");
    const update = parsePipe();
    const extract = type === "foreach" && skip(";") ? parsePipe() : null;
    expect(")");
    return type === "reduce"
      ? { type, source, name, start, update }
      : { type, source, name, start, update, extract };
  }

  function parseText(format: string | null): Node {
    const token = tokens[at++];
    if (token?.type !== "string") throw new Foreign("expected a text");
    const parts = token.parts.map((part) => (typeof part === "string" ? part : parseTokens(part, depth)));
    if (parts.length === 1 && typeof parts[0] === "string") return literal(parts[0]);
    return { type: "text", format, parts };
  }

  function parseObject(): Node {
    const entries: [Node, Node][] = [];
    if (skip("}")) return { type: "object", entries };
    do entries.push(parseEntry());
    while (skip(","));
    expect("}");
    return { type: "object", entries };
  }

  function parseEntry(): [Node, Node] {
    const token = tokens[at];
    if (token?.type === "variable") {
      at++;
      const key = literal(token.name);
      return [key, skip(":") ? foreign("a value for a variable") : { type: "variable", name: token.name }];
    }
    if (token?.type === "sign" && token.text === "(") {
      at++;
      const key = parsePipe();
      expect(")");
      expect(":");
      return [key, parseValue()];
    }
    let key: Node;
    if (token?.type === "word") {
      at++;
      key = literal(token.name);
    } else if (token?.type === "string") key = parseText(null);
    else if (token?.type === "format" && tokens[at + 1]?.type === "string") {
      at++;
      key = parseText(token.name);
    } else return foreign("unexpected key");
    return [key, skip(":") ? parseValue() : { type: "index", of: IDENTITY, key, optional: false }];
  }

  /** Reads the value of an entry, which may only be a term or a pipe of terms. */
  function parseValue(): Node {
    const left: Node = skip("-") ? { type: "negate", of: parseTerm() } : parseTerm();
    return skip("|") ? { type: "pipe", left, right: parseValue() } : left;
  }

  const tree = parsePipe();
  if (at < tokens.length) throw new Foreign("more than one expression");
  return tree;
}

function foreign(reason: string): never {
  throw new Foreign(reason);
}

function literal(value: string | number | boolean | null): Node {
  return { type: "literal", value, exact: true };
}

/**
 * Reads a number. jq keeps a literal as it was written (`1.50` stays `1.50` in a string) until it calculates with it.
 */
function numberLiteral(text: string): Node {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Foreign("a number too large");
  return { type: "literal", value, exact: String(value) === text && Math.abs(value) < 1e15 };
}
