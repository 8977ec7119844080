import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "./fixtures/functions.ts";
import { LANGUAGE } from "./fixtures/language.ts";
import { createJqEngine, JqError } from "./node.ts";
import { isJsonObject } from "../json.ts";

const engine = createJqEngine();
const ROWS = Object.entries({ ...LANGUAGE, ...FUNCTIONS }).flatMap(([section, rows]) =>
  rows.map(([program, input, outputs, where]) => ({ section, program, input, outputs, where })),
);

describe("as the manual has it", () => {
  it.each(ROWS)("$section: $program of $input gives $outputs", ({ program, input, outputs, where }) => {
    const object = isJsonObject(input) ? input : { in: input };
    const whole = isJsonObject(input) ? program : `.in | (${program}\n)`;
    if (where !== undefined) expect(engine.isBounded(whole)).toBe(where === "js");
    if (outputs === null) expect(() => engine.evaluateAll(whole, object)).toThrow(JqError);
    else expect(engine.evaluateAll(whole, object)).toEqual(outputs);
  });
});
