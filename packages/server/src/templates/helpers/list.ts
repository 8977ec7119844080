import type { Json } from "../../core/json.ts";
import { getAtPath } from "../../core/json/json-path.ts";
import { type DescribedHelpers, expectCount, HelperError, kindOf } from "../helper.ts";
import { joinValues, plainValue, printableList } from "../print.ts";
import { pathOf } from "./json.ts";

/** Lists. A missing list is an error, so that a misspelt name is noticed; null is an empty list. */
export const listHelpers = {
  unique: {
    usage: "unique list [key]",
    summary:
      "The distinct values of a list, or of a key of its objects, without nulls. Printed itself it is separated by `, `. A missing list is refused, and so are objects without a key.",
    examples: [
      ["{{unique tags}}", "new, sale"],
      ['{{unique cities "city"}}', "San Francisco, Austin"],
    ],
    run: (args) => {
      const values = valuesOf(args);
      return values === null ? null : printableList([...new Set(values)]);
    },
  },
  "list-agg": {
    usage: "list-agg list [key]",
    summary: "The same with its duplicates.",
    examples: [['{{join (list-agg cities "city") "|"}}', "San Francisco|Austin|Austin"]],
    run: (args) => {
      const values = valuesOf(args);
      return values === null ? null : printableList(values);
    },
  },
  itemAt: {
    usage: "itemAt list position",
    summary:
      "The item at a position from 0, or from the end if it is negative; of a text, the character. Nothing if there is none. An item that is an object is refused.",
    examples: [
      ["{{itemAt tags 1}}", "sale"],
      ["{{itemAt tags -1}}", "new"],
      ["{{itemAt tags 9}}", ""],
      ['{{itemAt (unique cities "city") 0}}', "San Francisco"],
    ],
    run: (args) => {
      expectCount(args, 2, 2);
      const [list, index] = [plainValue(args[0]), args[1]];
      if (typeof index !== "number" || !Number.isInteger(index)) {
        throw new HelperError(`expects a whole number as position, got ${kindOf(index)}`);
      }
      if (list === null) return "";
      if (!Array.isArray(list) && typeof list !== "string") {
        throw new HelperError(`expects a list or a text, got ${kindOf(list)}`);
      }
      const item: unknown = (typeof list === "string" ? Array.from(list) : list).at(index) ?? "";
      if (typeof item === "object") throw new HelperError(`the item is ${kindOf(item)}`);
      return item;
    },
  },
  join: {
    usage: "join list [separator]",
    summary:
      "The items with a separator between them, by default `, `. Items that are empty, zero or false are left out, objects refused. A text is given back as it is.",
    examples: [
      ["{{join tags}}", "new, sale, new"],
      ['{{join (unique tags) " & "}}', "new &amp; sale"],
    ],
    run: (args, { budget }) => {
      expectCount(args, 1, 2);
      const [list, separator = ", "] = args.map(plainValue);
      if (typeof list === "string" || list === null) return list;
      if (!Array.isArray(list)) throw new HelperError(`expects a list, got ${kindOf(list)}`);
      if (typeof separator !== "string")
        throw new HelperError(`expects a text as separator, got ${kindOf(separator)}`);
      const items = list.filter(Boolean);
      const compound = items.find((item) => typeof item === "object");
      if (compound !== undefined)
        throw new HelperError(`expects texts and numbers in the list, got ${kindOf(compound)}`);
      return joinValues(items, separator, budget);
    },
  },
  length: {
    usage: "length value",
    summary:
      "Of a list, the number of items that are not empty, zero or false; of a text, its characters; of anything else 0.",
    examples: [
      ["{{length cities}}", "3"],
      ["{{length name}}", "4"],
      ["{{length missing}}", "0"],
    ],
    run: (args) => {
      expectCount(args, 1, 1);
      const value = plainValue(args[0]);
      if (Array.isArray(value)) return value.filter(Boolean).length;
      return typeof value === "string" ? countCharacters(value) : 0;
    },
  },
} satisfies DescribedHelpers;

/** The plain values of a list, or those at a key of its objects. Null for null. */
function valuesOf(args: readonly unknown[]): unknown[] | null {
  expectCount(args, 1, 2);
  const [list, key] = args.map(plainValue);
  if (list === null) return null;
  if (!Array.isArray(list)) throw new HelperError(`expects a list, got ${kindOf(list)}`);
  const path = args.length === 2 ? pathOf(key) : null;
  const values: unknown[] = [];
  for (const item of list as Json[]) {
    const value = path === null ? item : getAtPath(item, path);
    if (value === null || value === undefined) continue;
    if (typeof value === "object") {
      throw new HelperError(
        path === null ? `needs a key for ${kindOf(value)}` : `the value at the key is ${kindOf(value)}`,
      );
    }
    values.push(value);
  }
  return values;
}

/** Counts code points: a character outside the basic plane is one. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
