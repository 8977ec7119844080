import Handlebars from "handlebars";

/**
 * Templates of HTTP requests that a customer describes: URLs, headers and bodies with `{{to}}` in them. The right
 * encoding of a value depends on its place, so `{{value}}` is encoded automatically, and a text full of quotes,
 * ampersands or line breaks can neither break a JSON body nor add a parameter to a URL:
 *
 * | place  | `{{value}}` becomes                                              |
 * |--------|------------------------------------------------------------------|
 * | `url`  | percent-encoded                                                  |
 * | `form` | percent-encoded                                                  |
 * | `json` | escaped for the inside of a JSON string: write `"{{value}}"`     |
 * | `xml`  | with `& < > " '` as entities                                     |
 * | `text` | as it is                                                         |
 *
 * `{{{value}}}` is always as it is. The results of helpers are not encoded again: `{{urlencode value}}`, `{{xml
 * value}}`, and `{{json value}}`, which writes a whole JSON value with its quotes. They nest: `{{urlencode (json
 * value)}}`. `if`, `unless`, `each`, `with` and `lookup` are available; anything else, and any value that does not
 * exist, is an error.
 *
 * Three closing braces are read as the end of `{{{`: inside JSON write `{"a":{{json a}} }`, with a space.
 */
export type Place = "url" | "form" | "json" | "xml" | "text";

export type Template = (values: Readonly<Record<string, unknown>>) => string;

const ENCODERS: Record<Place, (value: string) => string> = {
  url: percentEncode,
  form: percentEncode,
  json: (value) => JSON.stringify(value).slice(1, -1),
  xml: (value) => value.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  text: (value) => value,
};

const HELPERS: Record<string, (value: unknown) => string> = {
  urlencode: (value) => percentEncode(asText(value)),
  xml: (value) => ENCODERS.xml(asText(value)),
  json: (value) => JSON.stringify(requireValue(value)),
};

/** Replaces a plain `{{value}}`. No template can contain this name. */
const AUTOMATIC = "encode for its place";

/** Compiles a template. Throws, with the line, for one that cannot be rendered with any values. */
export function compileTemplate(source: string, place: Place): Template {
  const engine = Handlebars.create();
  const encode = (value: unknown): string => ENCODERS[place](asText(value));
  engine.registerHelper({ ...HELPERS, [AUTOMATIC]: encode });
  const names = [...Object.keys(HELPERS), AUTOMATIC];
  const options: CompileOptions = {
    noEscape: true,
    strict: true,
    knownHelpersOnly: true,
    // `log` would write its arguments to the console.
    knownHelpers: { ...Object.fromEntries(names.map((name) => [name, true])), log: false },
  };
  const program = Handlebars.parse(source);
  encodePlainValues(program);
  // Handlebars compiles on the first render; precompiling finds mistakes now.
  engine.precompile(program, options);
  const render = engine.compile(program, options);
  return (values) => render(values);
}

/** Turns every `{{value}}` into a call of the encoder. */
function encodePlainValues(program: hbs.AST.Program): void {
  for (const statement of program.body) {
    if (isBlock(statement)) {
      encodePlainValues(statement.program);
      if (statement.inverse !== undefined) {
        encodePlainValues(statement.inverse);
      }
    } else if (isMustache(statement)) {
      encodePlainValue(statement);
    } else if (statement.type.startsWith("Partial") || statement.type.startsWith("Decorator")) {
      throw new Error(`line ${statement.loc.start.line}: partials and decorators are not supported`);
    }
  }
}

function encodePlainValue(statement: hbs.AST.MustacheStatement): void {
  const { path, params } = statement;
  const name = "original" in path ? path.original : "";
  if (!statement.escaped || Object.hasOwn(HELPERS, name)) {
    return;
  }
  // `{{lookup a b}}` calls a helper, whose result is encoded.
  const value =
    params.length === 0
      ? path
      : { type: "SubExpression", path, params, hash: statement.hash, loc: statement.loc };
  statement.params = [value];
  statement.path = {
    type: "PathExpression",
    data: false,
    depth: 0,
    parts: [AUTOMATIC],
    original: AUTOMATIC,
    loc: statement.loc,
  } as hbs.AST.PathExpression;
}

function isBlock(statement: hbs.AST.Statement): statement is hbs.AST.BlockStatement {
  return statement.type === "BlockStatement";
}

function isMustache(statement: hbs.AST.Statement): statement is hbs.AST.MustacheStatement {
  return statement.type === "MustacheStatement";
}

function percentEncode(value: string): string {
  return encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function asText(value: unknown): string {
  const known = requireValue(value) ?? "";
  return (typeof known === "string" ? known : JSON.stringify(known)).toWellFormed();
}

/** A misspelt name must not send a message with a hole in it. */
function requireValue(value: unknown): unknown {
  if (value === undefined) {
    throw new Error("a value of the template does not exist");
  }
  return value;
}
