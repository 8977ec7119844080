import { joinParts, quote, toText } from "../manifest.ts";
import { checkAsserts, fieldNames, getField } from "../object.ts";
import { allocateText, enter, fail, force, leave } from "../runtime.ts";
import {
  type ArrayValue,
  isArray,
  isFunction,
  isObject,
  type ObjectValue,
  type Runtime,
  type Value,
} from "../value.ts";

/** What is the same all through a document. */
interface Writer {
  readonly rt: Runtime;
  readonly indent: string;
  readonly parts: string[];
}

export function tomlText(rt: Runtime, object: ObjectValue, indent: string): string {
  const writer: Writer = { rt, indent, parts: [] };
  writeBody(writer, object, [], "");
  return joinParts(rt, writer.parts);
}

function put({ rt, parts }: Writer, text: string): void {
  allocateText(rt, text.length + 8);
  parts.push(text);
}

function keyText(rt: Runtime, key: string): string {
  return /[^\w-]/.test(key) ? quote(rt, key) : key;
}

/** Values first, then tables: what follows a table's header belongs to it. */
function writeBody(writer: Writer, object: ObjectValue, path: readonly string[], margin: string): void {
  const { rt } = writer;
  enter(rt, 4);
  checkAsserts(rt, object);
  const fields = fieldNames(rt, object, false).map((name) => ({ name, value: getField(rt, object, name) }));
  const isSection = ({ value }: { value: Value }) => isObject(value) || isTables(rt, value);
  const values = fields.filter((field) => !isSection(field));
  for (const [index, { name, value }] of values.entries()) {
    put(writer, `${index === 0 ? "" : "\n"}${margin}${keyText(rt, name)} = `);
    writeValue(writer, value, false, margin);
  }
  for (const { name, value } of fields.filter(isSection)) {
    const inner = [...path, name];
    const tables = isArray(value) ? value.items.map((item) => force(rt, item)) : [value];
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
  const name = path.map((key) => keyText(rt, key)).join(".");
  put(writer, isElement ? `${margin}[[${name}]]` : `${margin}[${name}]`);
  if (fieldNames(rt, table, false).length > 0) put(writer, "\n");
  writeBody(writer, table, path, margin + writer.indent);
}

function isTables(rt: Runtime, value: Value): value is ArrayValue {
  return isArray(value) && value.items.length > 0 && value.items.every((item) => isObject(force(rt, item)));
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
