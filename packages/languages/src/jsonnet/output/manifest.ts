import { isArray, isFunction, isObject, type Runtime, type Value } from "../value.ts";
import { numberText } from "./number-text.ts";
import { checkAsserts, fieldNames, getField } from "../object.ts";
import { enter, fail, force, leave, spend } from "../runtime.ts";
import { append, createDraft, type Draft, finish, mapText } from "../work.ts";

/** How JSON is written. The defaults are those for a value put into a string. */
export interface JsonStyle {
  readonly indent: string;
  readonly newline: string;
  readonly separator: string;
  readonly colon: string;
  readonly emptyArray: string | null;
  readonly emptyObject: string | null;
}

const INLINE: JsonStyle = {
  indent: "",
  newline: "",
  separator: ", ",
  colon: ": ",
  emptyArray: "[ ]",
  emptyObject: "{ }",
};

/** Gives the string that `"" + value` and `std.toString` make of a value. */
export function toText(rt: Runtime, value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") {
    // Writing the seventeen digits of a fraction takes as long as 16 steps.
    spend(rt, Number.isSafeInteger(value) ? 1 : 16);
    return numberText(value);
  }
  if (typeof value === "boolean" || value === null) return String(value);
  return jsonText(rt, value, INLINE);
}

export function jsonText(rt: Runtime, value: Value, style: JsonStyle): string {
  const draft = createDraft();
  writeJson(rt, value, style, "", draft);
  return finish(rt, draft);
}

function writeJson(rt: Runtime, value: Value, style: JsonStyle, margin: string, draft: Draft): void {
  if (isFunction(value)) throw fail(rt, "a function has no text");
  if (isArray(value)) {
    const { items } = value;
    writeList(rt, items.length, "[]", style.emptyArray, style, margin, draft, (index, inner) => {
      writeJson(rt, force(rt, items[index] ?? null), style, inner, draft);
    });
  } else if (isObject(value)) {
    checkAsserts(rt, value);
    const names = fieldNames(rt, value, false);
    writeList(rt, names.length, "{}", style.emptyObject, style, margin, draft, (index, inner) => {
      const name = names[index] ?? "";
      append(rt, draft, quote(rt, name));
      append(rt, draft, style.colon);
      writeJson(rt, getField(rt, value, name), style, inner, draft);
    });
  } else {
    append(rt, draft, typeof value === "string" ? quote(rt, value) : toText(rt, value));
  }
}

/** Writes the items between brackets, on lines of their own where the style has lines. */
function writeList(
  rt: Runtime,
  count: number,
  brackets: string,
  empty: string | null,
  style: JsonStyle,
  margin: string,
  draft: Draft,
  writeItem: (index: number, margin: string) => void,
): void {
  if (count === 0 && empty !== null) {
    append(rt, draft, empty);
    return;
  }
  enter(rt, 6);
  const inner = margin + style.indent;
  const gap = style.newline + inner;
  append(rt, draft, brackets.charAt(0));
  for (let index = 0; index < count; index++) {
    append(rt, draft, index === 0 ? gap : style.separator + gap);
    writeItem(index, inner);
  }
  // The reference writes the empty line that would have held the items.
  if (count === 0) append(rt, draft, style.newline);
  append(rt, draft, style.newline + margin);
  append(rt, draft, brackets.charAt(1));
  leave(rt, 6);
}

// The characters that JSON must escape, and C1 and DEL, which act on a terminal.
// oxlint-disable-next-line no-control-regex
const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f]/g;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Quotes a string as JSON does. */
export function quote(rt: Runtime, text: string): string {
  return `"${mapText(rt, text, (piece) => piece.replaceAll(ESCAPED, escapeChar))}"`;
}

function escapeChar(char: string): string {
  return SHORT.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
