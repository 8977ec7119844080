import { parseJson } from "../../core/json/parse-json.ts";
import type { Json } from "../../core/json.ts";
import { getAtPath, parseJsonPath } from "../../core/json/json-path.ts";
import { expectCount, type Helper, HelperError, kindOf } from "../helper.ts";
import { outputRefusal } from "../budget.ts";
import { plainValue, rawText } from "../print.ts";

/** JSON as text and back, and values deep inside it. */
export const jsonHelpers = {
  /** Printed without escaping: it appears in JSON, not in HTML. */
  jsonStringify: (args, { budget }) => {
    expectCount(args, 1, 1);
    const text = JSON.stringify(plainValue(args[0])) as string | undefined;
    if (text === undefined) throw new HelperError(`expects a value, got ${kindOf(args[0])}`);
    // A text inside a text inside a text doubles its quotes each time.
    if (text.length > budget.limits.max_output) throw outputRefusal(budget);
    return rawText(text);
  },
  jsonParse: (args) => {
    expectCount(args, 1, 1);
    const text = plainValue(args[0]);
    if (typeof text !== "string") throw new HelperError(`expects a text, got ${kindOf(text)}`);
    try {
      return parseJson(text);
    } catch (cause) {
      throw new HelperError("the text is not valid JSON", { cause });
    }
  },
  /**
   * The value at a key or position; nothing if there is none. A first argument that is empty, zero or false is returned
   * as it is.
   */
  lookup: (args) => {
    expectCount(args, 2, 2);
    const [value, key] = args.map(plainValue);
    if (!value) return value;
    const isKey = typeof key === "string" || typeof key === "number";
    if (!isKey || !Object.hasOwn(Object(value) as object, key)) return undefined;
    return (value as Record<string | number, unknown>)[key];
  },
  /** The value at a dotted path; nothing if the path does not exist. */
  jsonPath: (args) => {
    expectCount(args, 2, 2);
    const [value, path] = [plainValue(args[0]), plainValue(args[1])];
    return getAtPath(value as Json | undefined, pathOf(path));
  },
} satisfies Record<string, Helper>;

/** `a.b.0`, `a['x y']`; also used for the keys of the list helpers. */
export function pathOf(text: unknown): readonly string[] {
  if (typeof text !== "string") throw new HelperError(`expects a path, got ${kindOf(text)}`);
  const path = parseJsonPath(text);
  if (path === null) throw new HelperError(`"${text}" is not a path`);
  return path;
}
