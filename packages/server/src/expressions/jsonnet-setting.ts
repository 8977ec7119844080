import { createLru } from "../core/lru.ts";
import {
  checkJsonnet,
  type JsonnetEngine,
  JsonnetError,
  type Token,
  tokenize,
} from "@carillon/languages/jsonnet";
import type { Json, JsonObject } from "../core/json.ts";

/*
 * Settings of workflows (URLs, headers, bodies) are Jsonnet, but published samples contain two things that are not:
 * `"https://h" + {{data.path}}`, with braces around an expression, and literals without quotes, `https://h/x` or
 * `Bearer abc`. Both are parsed as intended.
 */
export type Setting =
  | { readonly kind: "script"; readonly source: string }
  | { readonly kind: "literal"; readonly text: string };

type Check = (script: string) => JsonnetError | null;

/** The error is that of a source that is neither a script nor a literal. */
function readSetting(source: string, check: Check): Setting | JsonnetError {
  const script = unwrapBraces(source);
  const problem = check(script);
  if (problem === null) return { kind: "script", source: script };
  const text = source.trim();
  return isLiteral(text) ? { kind: "literal", text } : problem;
}

/** What is wrong with a setting, for validation before it is used. */
export function checkSetting(source: string): JsonnetError | null {
  const setting = readSetting(source, checkJsonnet);
  return setting instanceof JsonnetError ? setting : null;
}

/** Characters of settings. */
const MAX_CACHED = 1_000_000;
const WEIGHT_OF_SETTING = 100;

/** Evaluates settings as `engine` does scripts, each compiled once, the refused ones too. */
export function createSettingEngine(engine: JsonnetEngine): Pick<JsonnetEngine, "evaluate"> {
  const settings = createLru<Setting | JsonnetError>(MAX_CACHED);

  function settingOf(source: string): Setting {
    const known = settings.get(source) ?? readSetting(source, engine.check);
    settings.set(source, known, source.length + WEIGHT_OF_SETTING);
    if (known instanceof JsonnetError) throw known;
    return known;
  }

  return {
    evaluate(source: string, data: JsonObject): Json {
      const setting = settingOf(source);
      return setting.kind === "literal" ? setting.text : engine.evaluate(setting.source, data);
    },
  };
}

/**
 * Rewrites `{{ expr }}` as ` ( expr ) `, of the same length, so that errors name the positions that the author sees. In
 * Jsonnet two opening braces never follow each other; two closing ones do, and belong to the doubled braces only if
 * those are the innermost open ones.
 */
export function unwrapBraces(source: string): string {
  if (!source.includes("{{")) return source;
  const tokens = tokensOf(source);
  const open: ("{" | "{{")[] = [];
  let unwrapped = "";
  let copied = 0;
  const replace = (at: number, text: string) => {
    unwrapped += source.slice(copied, at) + text;
    copied = at + 2;
  };
  for (const [index, { text, at, kind }] of tokens.entries()) {
    // The second of two that were consumed together.
    if (kind !== "symbol" || at < copied) continue;
    const next = tokens[index + 1];
    const isDouble = next?.kind === kind && next.text === text && next.at === at + 1;
    if (text === "{") {
      open.push(isDouble ? "{{" : "{");
      if (isDouble) replace(at, " (");
    } else if (text === "}") {
      const innermost = open.at(-1);
      if (innermost === "{{" && !isDouble) continue;
      open.pop();
      if (innermost === "{{") replace(at, ") ");
    }
  }
  return unwrapped + source.slice(copied);
}

/** Empty where the source cannot be tokenized: the error is reported when it is compiled. */
function tokensOf(source: string): Token[] {
  try {
    return tokenize(source);
  } catch {
    return [];
  }
}

const LITERALS = [
  // A URL without braces, which would be a template.
  /^https?:\/\/[^\s"'`{}<>]+$/i,
  // A media type with its parameters.
  /^(?:application|audio|font|image|message|model|multipart|text|video)\/[\w.+-]+(?:\s*;\s*[\w-]+=[\w.-]+)*$/i,
  // Credentials: a scheme and a token.
  /^(?:Bearer|Basic|Digest|Token|ApiKey|Api-Key|Key) +[\w.~+/=:-]+$/i,
  // Header names: standard capitalisation, or custom.
  /^[A-Z]\w*(?:-[A-Z]\w*)+$/,
  /^x(?:-\w+)+$/i,
  /^(?:Accept|Authorization|Cookie|Date|From|Host|Origin|Prefer|Referer|Signature)$/i,
];

/** Parameter names in published samples: `id`, `user-id`, `page.size`, `filter[status]`, `$top`. */
const NAME = /^[$A-Za-z_][\w.-]*(?:\[[\w.-]*\])*$/;
/** Texts with a meaning in Jsonnet: a value, or a path into one of the only two variables. */
const SCRIPT = /^(?:true|false|null|(?:data|std)(?:[.[].*)?)$/;

/**
 * The name of a header or of a parameter as Jsonnet. Samples leave out its quotes, and a text of this form is not a
 * Jsonnet setting: no variable has such a name.
 */
export function nameScript(source: string): string {
  const text = source.trim();
  return NAME.test(text) && !SCRIPT.test(text) ? JSON.stringify(text) : source;
}

function isLiteral(text: string): boolean {
  return LITERALS.some((literal) => literal.test(text));
}
