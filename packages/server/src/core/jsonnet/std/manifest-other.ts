import { joinParts, quote, toText } from "../manifest.ts";
import { checkAsserts, fieldNames, getField, hasField } from "../object.ts";
import { allocateText, enter, fail, force, leave } from "../runtime.ts";
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

/* INI, Python and XML. Each gathers parts, allocated as they are made. */

function put(rt: Runtime, parts: string[], text: string): void {
  allocateText(rt, text.length + 8);
  parts.push(text);
}

export function iniText(rt: Runtime, ini: ObjectValue): string {
  const parts: string[] = [];
  const writeBody = (body: Value, what: string) => {
    const object = asObject(rt, body, what);
    for (const name of fieldNames(rt, object, false)) {
      const field = getField(rt, object, name);
      const values: readonly Slot[] = isArray(field) ? field.items : [field];
      for (const value of values) put(rt, parts, `${name} = ${toText(rt, force(rt, value))}\n`);
    }
  };
  if (hasField(rt, ini, "main", false)) writeBody(getField(rt, ini, "main"), "std.manifestIni: main");
  const sections = asObject(rt, getField(rt, ini, "sections"), "std.manifestIni: sections");
  for (const name of fieldNames(rt, sections, false)) {
    put(rt, parts, `[${name}]\n`);
    writeBody(getField(rt, sections, name), `std.manifestIni: section ${name}`);
  }
  return joinParts(rt, parts);
}

export function pythonText(rt: Runtime, value: Value): string {
  const parts: string[] = [];
  writePython(rt, value, parts);
  return joinParts(rt, parts);
}

const PYTHON_WORDS: ReadonlyMap<Value, string> = new Map<Value, string>([
  [true, "True"],
  [false, "False"],
  [null, "None"],
]);

function writePython(rt: Runtime, value: Value, parts: string[]): void {
  if (isFunction(value)) throw fail(rt, "std.manifestPython: a function has no text");
  if (!isArray(value) && !isObject(value)) {
    put(
      rt,
      parts,
      typeof value === "string" ? quote(rt, value) : (PYTHON_WORDS.get(value) ?? toText(rt, value)),
    );
    return;
  }
  enter(rt, 4);
  put(rt, parts, isArray(value) ? "[" : "{");
  if (isArray(value)) {
    for (const [index, item] of value.items.entries()) {
      if (index > 0) put(rt, parts, ", ");
      writePython(rt, force(rt, item), parts);
    }
  } else {
    checkAsserts(rt, value);
    for (const [index, name] of fieldNames(rt, value, false).entries()) {
      put(rt, parts, `${index > 0 ? ", " : ""}${quote(rt, name)}: `);
      writePython(rt, getField(rt, value, name), parts);
    }
  }
  put(rt, parts, isArray(value) ? "]" : "}");
  leave(rt, 4);
}

export function pythonVarsText(rt: Runtime, conf: ObjectValue): string {
  const lines = fieldNames(rt, conf, false).map(
    (name) => `${name} = ${pythonText(rt, getField(rt, conf, name))}\n`,
  );
  return joinParts(rt, lines);
}

/** JsonML: `[tag, {attribute: value}?, child…]`. Texts are taken as they are, so that they may hold markup. */
export function xmlText(rt: Runtime, value: Value): string {
  const parts: string[] = [];
  asArray(rt, value, "std.manifestXmlJsonml: value");
  writeXml(rt, value, parts);
  return joinParts(rt, parts);
}

function writeXml(rt: Runtime, value: Value, parts: string[]): void {
  if (typeof value === "string") {
    put(rt, parts, value);
    return;
  }
  if (!isArray(value))
    throw fail(rt, `std.manifestXmlJsonml: an element must be an array or a string, got ${typeOf(value)}`);
  enter(rt, 4);
  const [first = null, ...rest] = value.items;
  const tag = asText(rt, force(rt, first), "std.manifestXmlJsonml: a tag");
  const attributes = force(rt, rest[0] ?? null);
  put(rt, parts, `<${tag}`);
  if (isObject(attributes)) {
    for (const name of fieldNames(rt, attributes, false))
      put(rt, parts, ` ${name}="${toText(rt, getField(rt, attributes, name))}"`);
  }
  put(rt, parts, ">");
  for (const child of isObject(attributes) ? rest.slice(1) : rest) writeXml(rt, force(rt, child), parts);
  put(rt, parts, `</${tag}>`);
  leave(rt, 4);
}
