import { jsonText, type JsonStyle } from "../output/manifest.ts";
import { force } from "../runtime.ts";
import type { Runtime, Value } from "../value.ts";
import { append, createDraft, finish } from "../work.ts";
import { asArray, asBoolean, asObject, asText } from "./arguments.ts";
import { define, type Library } from "./define.ts";
import { iniText, pythonText, pythonVarsText, xmlText } from "./manifest-other.ts";
import { tomlText } from "./manifest-toml.ts";
import { yamlText } from "./manifest-yaml.ts";

function jsonStyle(indent: string, newline: string, colon: string): JsonStyle {
  return { indent, newline, colon, separator: ",", emptyArray: null, emptyObject: null };
}

function manifestJsonEx(rt: Runtime, value: Value, indent: Value, newline: Value, colon: Value): string {
  const style = jsonStyle(
    asText(rt, indent, "std.manifestJsonEx: indent"),
    asText(rt, newline, "std.manifestJsonEx: newline"),
    asText(rt, colon, "std.manifestJsonEx: key_val_sep"),
  );
  return jsonText(rt, value, style);
}

function manifestYamlDoc(rt: Runtime, value: Value, indentArrays: Value, quoteKeys: Value): string {
  return yamlText(rt, value, {
    indentArrays: asBoolean(rt, indentArrays, "std.manifestYamlDoc: indent_array_in_object"),
    quoteKeys: asBoolean(rt, quoteKeys, "std.manifestYamlDoc: quote_keys"),
  });
}

function manifestYamlStream(
  rt: Runtime,
  value: Value,
  indentArrays: Value,
  end: Value,
  quoteKeys: Value,
): string {
  const { items } = asArray(rt, value, "std.manifestYamlStream: value");
  const draft = createDraft();
  for (const [index, item] of items.entries()) {
    append(rt, draft, index === 0 ? "---\n" : "\n---\n");
    append(rt, draft, manifestYamlDoc(rt, force(rt, item), indentArrays, quoteKeys));
  }
  if (items.length === 0) append(rt, draft, "---\n");
  append(rt, draft, asBoolean(rt, end, "std.manifestYamlStream: c_document_end") ? "\n...\n" : "\n");
  return finish(rt, draft);
}

function manifestToml(rt: Runtime, value: Value, indent: Value): string {
  const object = asObject(rt, value, "std.manifestTomlEx: value");
  return tomlText(rt, object, asText(rt, indent, "std.manifestTomlEx: indent"));
}

/** Functions that write values as documents. */
export const MANIFESTS: Library = {
  manifestJson: define(["value"], (rt, value) => jsonText(rt, value, jsonStyle("    ", "\n", ": "))),
  manifestJsonMinified: define(["value"], (rt, value) => jsonText(rt, value, jsonStyle("", "", ":"))),
  manifestJsonEx: define(["value", "indent", ["newline", "\n"], ["key_val_sep", ": "]], manifestJsonEx),
  manifestYamlDoc: define(
    ["value", ["indent_array_in_object", false], ["quote_keys", true]],
    manifestYamlDoc,
  ),
  manifestYamlStream: define(
    ["value", ["indent_array_in_object", false], ["c_document_end", true], ["quote_keys", true]],
    manifestYamlStream,
  ),
  manifestToml: define(["value"], (rt, value) => manifestToml(rt, value, "  ")),
  manifestTomlEx: define(["value", "indent"], manifestToml),
  manifestIni: define(["ini"], (rt, ini) => iniText(rt, asObject(rt, ini, "std.manifestIni: ini"))),
  manifestPython: define(["v"], pythonText),
  manifestPythonVars: define(["conf"], (rt, conf) =>
    pythonVarsText(rt, asObject(rt, conf, "std.manifestPythonVars: conf")),
  ),
  manifestXmlJsonml: define(["value"], xmlText),
};
