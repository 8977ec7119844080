import { parseJson } from "../../core/json/parse-json.ts";
import type { Json } from "../../core/json.ts";
import { getAtPath, parseJsonPath } from "../../core/json/json-path.ts";
import { type DescribedHelpers, expectCount, HelperError, kindOf } from "../helper.ts";
import { outputRefusal } from "../budget.ts";
import { plainValue, rawText } from "../print.ts";

/** JSON as text and back, and values deep inside it. */
export const jsonHelpers = {
  jsonStringify: {
    usage: "jsonStringify value",
    summary:
      "The value as JSON, printed without escaping: it stands in JSON, not in HTML. A missing value is refused.",
    examples: [
      ["{{jsonStringify tags}}", '["new","sale","new"]'],
      ["{{jsonStringify url}}", '"https://x.io/?a=1&b=2"'],
    ],
    run: (args, { budget }) => {
      expectCount(args, 1, 1);
      const text = JSON.stringify(plainValue(args[0])) as string | undefined;
      if (text === undefined) throw new HelperError(`expects a value, got ${kindOf(args[0])}`);
      // A text inside a text inside a text doubles its quotes each time.
      if (text.length > budget.limits.max_output) throw outputRefusal(budget);
      return rawText(text);
    },
  },
  jsonParse: {
    usage: "jsonParse text",
    summary: "The value that a text of JSON says. Any other text is refused.",
    examples: [["{{#each (jsonParse js)}}{{@key}}={{this}} {{/each}}", "a=1 b=2 "]],
    run: (args) => {
      expectCount(args, 1, 1);
      const text = plainValue(args[0]);
      if (typeof text !== "string") throw new HelperError(`expects a text, got ${kindOf(text)}`);
      try {
        return parseJson(text);
      } catch (cause) {
        throw new HelperError("the text is not valid JSON", { cause });
      }
    },
  },
  lookup: {
    usage: "lookup value key",
    summary:
      "The member of an object with that key, or of a list at that position; nothing if there is none. A first argument that is empty, zero or false is given back as it is.",
    examples: [
      ["{{lookup cities 1}}", "[object Object]"],
      ['{{lookup (lookup cities 1) "city"}}', "Austin"],
      ["{{lookup cities 9}}", ""],
    ],
    run: (args) => {
      expectCount(args, 2, 2);
      const [value, key] = args.map(plainValue);
      if (!value) return value;
      const isKey = typeof key === "string" || typeof key === "number";
      if (!isKey || !Object.hasOwn(Object(value) as object, key)) return undefined;
      return (value as Record<string | number, unknown>)[key];
    },
  },
  jsonPath: {
    usage: "jsonPath value path",
    summary: "What stands at a path, `a.b.0` or `a['x y'][0]`; nothing if there is nothing.",
    examples: [
      ['{{jsonPath cities "1.city"}}', "Austin"],
      ['{{jsonPath (jsonParse js) "b"}}', "2"],
    ],
    run: (args) => {
      expectCount(args, 2, 2);
      const [value, path] = [plainValue(args[0]), plainValue(args[1])];
      return getAtPath(value as Json | undefined, pathOf(path));
    },
  },
} satisfies DescribedHelpers;

/** `a.b.0`, `a['x y']`; also used for the keys of the list helpers. */
export function pathOf(text: unknown): readonly string[] {
  if (typeof text !== "string") throw new HelperError(`expects a path, got ${kindOf(text)}`);
  const path = parseJsonPath(text);
  if (path === null) throw new HelperError(`"${text}" is not a path`);
  return path;
}
