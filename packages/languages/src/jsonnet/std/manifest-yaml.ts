import { quote, toText } from "../output/manifest.ts";
import { checkAsserts, fieldNames, getField } from "../object.ts";
import { enter, fail, force, leave } from "../runtime.ts";
import { append, createDraft, type Draft, finish, mapItems } from "../work.ts";
import { isArray, isFunction, isObject, type Runtime, type Value } from "../value.ts";
import { replaceText } from "./strings.ts";

export interface YamlStyle {
  readonly indentArrays: boolean;
  readonly quoteKeys: boolean;
}

export function yamlText(rt: Runtime, value: Value, style: YamlStyle): string {
  const draft = createDraft();
  write(rt, value, style, "", draft);
  return finish(rt, draft);
}

function write(rt: Runtime, value: Value, style: YamlStyle, margin: string, draft: Draft): void {
  if (isFunction(value)) throw fail(rt, "std.manifestYamlDoc: a function has no text");
  if (isArray(value) || isObject(value)) {
    enter(rt, 4);
    if (isArray(value))
      writeItems(
        rt,
        mapItems(rt, value.items, (item) => force(rt, item)),
        style,
        margin,
        draft,
      );
    else writeFields(rt, value, style, margin, draft);
    leave(rt, 4);
  } else {
    append(rt, draft, typeof value === "string" ? stringText(rt, value, margin) : toText(rt, value));
  }
}

/** Writes a string that ends in a line break as a block. */
function stringText(rt: Runtime, text: string, margin: string): string {
  if (!text.endsWith("\n")) return quote(rt, text);
  return replaceText(rt, `|\n${text.slice(0, -1)}`, "\n", `\n${margin}  `);
}

function writeItems(
  rt: Runtime,
  items: readonly Value[],
  style: YamlStyle,
  margin: string,
  draft: Draft,
): void {
  if (items.length === 0) append(rt, draft, "[]");
  for (const [index, item] of items.entries()) {
    append(rt, draft, index === 0 ? "-" : `\n${margin}-`);
    const inner = isFilled(rt, item) ? `${margin}  ` : margin;
    // A nested array starts on its own line, an object right after the dash.
    append(rt, draft, isArray(item) && inner !== margin ? `\n${inner}` : " ");
    write(rt, item, style, inner, draft);
  }
}

function writeFields(
  rt: Runtime,
  object: Extract<Value, { kind: "object" }>,
  style: YamlStyle,
  margin: string,
  draft: Draft,
): void {
  checkAsserts(rt, object);
  const names = fieldNames(rt, object, false);
  if (names.length === 0) append(rt, draft, "{}");
  for (const [index, name] of names.entries()) {
    const key = !style.quoteKeys && isBareKey(name) ? name : quote(rt, name);
    append(rt, draft, index === 0 ? `${key}:` : `\n${margin}${key}:`);
    const value = getField(rt, object, name);
    const filled = isFilled(rt, value);
    const inner = filled && (isObject(value) || style.indentArrays) ? `${margin}  ` : margin;
    append(rt, draft, filled ? `\n${inner}` : " ");
    write(rt, value, style, inner, draft);
  }
}

function isFilled(rt: Runtime, value: Value): boolean {
  if (isArray(value)) return value.items.length > 0;
  return isObject(value) && fieldNames(rt, value, false).length > 0;
}

const RESERVED = new Set([
  "true",
  "false",
  "yes",
  "no",
  "on",
  "off",
  "y",
  "n",
  ".nan",
  "-.inf",
  "+.inf",
  ".inf",
  "null",
  "-",
  "---",
  "",
]);

/** Longer keys are always quoted. */
const MAX_BARE = 200;

/** Says whether a key needs no quotes: it is not a number, date or word that YAML reads as something else. */
function isBareKey(key: string): boolean {
  if (key.length > MAX_BARE || /[^\w./-]/.test(key)) return false;
  const lower = key.toLowerCase();
  if (RESERVED.has(lower)) return false;
  const dashes = key.split("-").length - 1;
  if (/^[\d-]+$/.test(key) && dashes === 2) return false;
  if (/^[\d_-]+$/.test(key) && dashes < 2) return false;
  if (/^[\d_b-]+$/.test(lower) && key.length > 2 && /^-?0b/.test(key)) return false;
  const isFloat = /^[\de._-]+$/.test(lower) && key.split(".").length === 2 && lower.split("e").length <= 2;
  if (isFloat && dashes < 3) return false;
  return !(/^[\da-fx_-]+$/.test(lower) && dashes < 2 && key.length > 2 && /^-?0x/.test(key));
}
