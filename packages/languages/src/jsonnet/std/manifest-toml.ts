import { quote, toText } from "../output/manifest.ts";
import { checkAsserts, fieldNames, getField } from "../object.ts";
import { enter, fail, force, leave, spend, spendText } from "../runtime.ts";
import { append, createDraft, type Draft, filterItems, finish, joinTexts, mapItems } from "../work.ts";
import {
  type ArrayValue,
  isArray,
  isFunction,
  isObject,
  type ObjectValue,
  type Runtime,
  type Value,
} from "../value.ts";

/** What stays the same throughout a document. */
interface Writer {
  readonly rt: Runtime;
  readonly indent: string;
  readonly draft: Draft;
}

export function tomlText(rt: Runtime, object: ObjectValue, indent: string): string {
  const writer: Writer = { rt, indent, draft: createDraft() };
  writeBody(writer, object, [], "");
  return finish(rt, writer.draft);
}

function put({ rt, draft }: Writer, text: string): void {
  append(rt, draft, text);
}

function keyText(rt: Runtime, key: string): string {
  spendText(rt, key.length);
  return /[^\w-]/.test(key) ? quote(rt, key) : key;
}

/** Writes values first, then tables, since everything after a table's header belongs to it. */
function writeBody(writer: Writer, object: ObjectValue, path: readonly string[], margin: string): void {
  const { rt } = writer;
  enter(rt, 4);
  checkAsserts(rt, object);
  const fields = mapItems(rt, fieldNames(rt, object, false), (name) => ({
    name,
    value: getField(rt, object, name),
  }));
  const isSection = ({ value }: { value: Value }) => isObject(value) || isTables(rt, value);
  const values = filterItems(rt, fields, (field) => !isSection(field));
  for (const [index, { name, value }] of values.entries()) {
    put(writer, `${index === 0 ? "" : "\n"}${margin}${keyText(rt, name)} = `);
    writeValue(writer, value, false, margin);
  }
  for (const { name, value } of filterItems(rt, fields, isSection)) {
    const inner = [...path, name];
    const tables = isArray(value) ? mapItems(rt, value.items, (item) => force(rt, item)) : [value];
    for (const table of tables) {
      put(writer, "\n\n");
      if (isObject(table)) writeTable(writer, table, inner, margin, isArray(value));
    }
  }
  leave(rt, 4);
}

function writeTable(
  writer: Writer,
  table: ObjectValue,
  path: readonly string[],
  margin: string,
  isElement: boolean,
): void {
  const { rt } = writer;
  const keys = path.map((key) => keyText(rt, key));
  const name = joinTexts(rt, ".", keys);
  put(writer, isElement ? `${margin}[[${name}]]` : `${margin}[${name}]`);
  if (fieldNames(rt, table, false).length > 0) put(writer, "\n");
  writeBody(writer, table, path, margin + writer.indent);
}

function isTables(rt: Runtime, value: Value): value is ArrayValue {
  if (!isArray(value)) return false;
  spend(rt, value.items.length);
  return value.items.length > 0 && value.items.every((item) => isObject(force(rt, item)));
}

function writeValue(writer: Writer, value: Value, inline: boolean, margin: string): void {
  const { rt } = writer;
  if (value === null || isFunction(value))
    throw fail(rt, `std.manifestToml: ${value === null ? "null" : "a function"} has no text`);
  if (isArray(value)) {
    writeArray(writer, value, inline, margin);
  } else if (isObject(value)) {
    enter(rt, 4);
    checkAsserts(rt, value);
    put(writer, "{ ");
    for (const [index, name] of fieldNames(rt, value, false).entries()) {
      put(writer, `${index === 0 ? "" : ", "}${keyText(rt, name)} = `);
      writeValue(writer, getField(rt, value, name), true, "");
    }
    put(writer, " }");
    leave(rt, 4);
  } else {
    put(writer, typeof value === "string" ? quote(rt, value) : toText(rt, value));
  }
}

function writeArray(writer: Writer, { items }: ArrayValue, inline: boolean, margin: string): void {
  const { rt, indent } = writer;
  if (items.length === 0) {
    put(writer, "[]");
    return;
  }
  enter(rt, 4);
  const gap = inline ? " " : "\n";
  const inner = inline ? "" : margin + indent;
  for (const [index, item] of items.entries()) {
    put(writer, (index === 0 ? "[" : ",") + gap + inner);
    writeValue(writer, force(rt, item), true, "");
  }
  put(writer, `${gap}${inline ? "" : margin}]`);
  leave(rt, 4);
}
