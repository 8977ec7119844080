import { quote, toText } from "../output/manifest.ts";
import { checkAsserts, fieldNames, getField, hasField } from "../object.ts";
import { enter, fail, force, leave } from "../runtime.ts";
import { append, createDraft, type Draft, finish } from "../work.ts";
import {
  isArray,
  isFunction,
  isObject,
  type ObjectValue,
  type Runtime,
  type Slot,
  typeOf,
  type Value,
} from "../value.ts";
import { asArray, asObject, asText } from "./arguments.ts";

/* INI, Python and XML documents. Each writer appends parts, which are allocated as they are made. */

export function iniText(rt: Runtime, ini: ObjectValue): string {
  const draft = createDraft();
  const writeBody = (body: Value, what: string) => {
    const object = asObject(rt, body, what);
    for (const name of fieldNames(rt, object, false)) {
      const field = getField(rt, object, name);
      const values: readonly Slot[] = isArray(field) ? field.items : [field];
      for (const value of values) append(rt, draft, `${name} = ${toText(rt, force(rt, value))}\n`);
    }
  };
  if (hasField(rt, ini, "main", false)) writeBody(getField(rt, ini, "main"), "std.manifestIni: main");
  const sections = asObject(rt, getField(rt, ini, "sections"), "std.manifestIni: sections");
  for (const name of fieldNames(rt, sections, false)) {
    append(rt, draft, `[${name}]\n`);
    writeBody(getField(rt, sections, name), `std.manifestIni: section ${name}`);
  }
  return finish(rt, draft);
}

export function pythonText(rt: Runtime, value: Value): string {
  const draft = createDraft();
  writePython(rt, value, draft);
  return finish(rt, draft);
}

const PYTHON_WORDS: ReadonlyMap<Value, string> = new Map<Value, string>([
  [true, "True"],
  [false, "False"],
  [null, "None"],
]);

function writePython(rt: Runtime, value: Value, draft: Draft): void {
  if (isFunction(value)) throw fail(rt, "std.manifestPython: a function has no text");
  if (!isArray(value) && !isObject(value)) {
    append(
      rt,
      draft,
      typeof value === "string" ? quote(rt, value) : (PYTHON_WORDS.get(value) ?? toText(rt, value)),
    );
    return;
  }
  enter(rt, 4);
  append(rt, draft, isArray(value) ? "[" : "{");
  if (isArray(value)) {
    for (const [index, item] of value.items.entries()) {
      if (index > 0) append(rt, draft, ", ");
      writePython(rt, force(rt, item), draft);
    }
  } else {
    checkAsserts(rt, value);
    for (const [index, name] of fieldNames(rt, value, false).entries()) {
      append(rt, draft, `${index > 0 ? ", " : ""}${quote(rt, name)}: `);
      writePython(rt, getField(rt, value, name), draft);
    }
  }
  append(rt, draft, isArray(value) ? "]" : "}");
  leave(rt, 4);
}

export function pythonVarsText(rt: Runtime, conf: ObjectValue): string {
  const draft = createDraft();
  for (const name of fieldNames(rt, conf, false))
    append(rt, draft, `${name} = ${pythonText(rt, getField(rt, conf, name))}\n`);
  return finish(rt, draft);
}

/**
 * Writes JsonML, `[tag, {attribute: value}?, child…]`. Strings are written unescaped, so that they may hold markup.
 */
export function xmlText(rt: Runtime, value: Value): string {
  const draft = createDraft();
  asArray(rt, value, "std.manifestXmlJsonml: value");
  writeXml(rt, value, draft);
  return finish(rt, draft);
}

function writeXml(rt: Runtime, value: Value, draft: Draft): void {
  if (typeof value === "string") {
    append(rt, draft, value);
    return;
  }
  if (!isArray(value))
    throw fail(rt, `std.manifestXmlJsonml: an element must be an array or a string, got ${typeOf(value)}`);
  enter(rt, 4);
  const { items } = value;
  const tag = asText(rt, force(rt, items[0] ?? null), "std.manifestXmlJsonml: a tag");
  const attributes = force(rt, items[1] ?? null);
  append(rt, draft, `<${tag}`);
  if (isObject(attributes)) {
    for (const name of fieldNames(rt, attributes, false))
      append(rt, draft, ` ${name}="${toText(rt, getField(rt, attributes, name))}"`);
  }
  append(rt, draft, ">");
  for (let at = isObject(attributes) ? 2 : 1; at < items.length; at++)
    writeXml(rt, force(rt, items[at] ?? null), draft);
  append(rt, draft, `</${tag}>`);
  leave(rt, 4);
}
