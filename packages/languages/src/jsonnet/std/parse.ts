import type { Json } from "../../json.ts";
import { fromJson } from "../json-value.ts";
import { finite } from "../operators.ts";
import { allocateText, fail, spend } from "../runtime.ts";
import type { FunctionValue, Runtime } from "../value.ts";
import { asText } from "./arguments.ts";
import { define, type Library } from "./define.ts";

/** No number has more digits. */
const MAX_DIGITS = 400;

function parser(name: string, radix: number, digits: RegExp, what: string): FunctionValue {
  return define(["str"], (rt, str) => {
    const text = asText(rt, str, `std.${name}: str`);
    if (text.length > MAX_DIGITS) throw fail(rt, `std.${name}: more than ${MAX_DIGITS} digits`);
    if (!digits.test(text)) throw fail(rt, `std.${name}: not ${what}: ${JSON.stringify(text.slice(0, 80))}`);
    return finite(
      rt,
      text.startsWith("-") ? 0 - Number.parseInt(text.slice(1), radix) : Number.parseInt(text, radix),
    );
  });
}

function parseJson(rt: Runtime, text: string) {
  spend(rt, text.length);
  // Each character of `{},{},…` takes twenty bytes.
  allocateText(rt, text.length * 8);
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    throw fail(rt, `std.parseJson: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  refuseInfinity(rt, json);
  return fromJson(rt, json);
}

/** Refuses numbers beyond the range of a double, which JSON allows. */
function refuseInfinity(rt: Runtime, json: Json): void {
  const stack: Json[] = [json];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    spend(rt, 1);
    if (typeof value === "number" && !Number.isFinite(value))
      throw fail(rt, "std.parseJson: a number is too large");
    if (typeof value !== "object" || value === null) continue;
    for (const child of Array.isArray(value) ? value : Object.values(value)) stack.push(child);
  }
}

export const PARSERS: Library = {
  parseInt: parser("parseInt", 10, /^-?\d+$/, "a whole number"),
  parseOctal: parser("parseOctal", 8, /^[0-7]+$/, "an octal number"),
  parseHex: parser("parseHex", 16, /^[\da-f]+$/i, "a hexadecimal number"),
  parseJson: define(["str"], (rt, str) => parseJson(rt, asText(rt, str, "std.parseJson: str"))),
  // A partial YAML parser would silently misread documents.
  parseYaml: define(["str"], (rt) => {
    throw fail(rt, "std.parseYaml is not available here, only std.parseJson");
  }),
};
