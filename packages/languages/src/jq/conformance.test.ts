import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "./fixtures/functions.ts";
import { LANGUAGE, readRow } from "./fixtures/language.ts";
import { RARE_FUNCTIONS } from "./fixtures/rare-functions.ts";
import { createJqEngine, JqError } from "./node.ts";

const engine = createJqEngine();
const ROWS = Object.entries({ ...LANGUAGE, ...FUNCTIONS, ...RARE_FUNCTIONS }).flatMap(([section, rows]) =>
  rows.map((row) => ({ section, program: row[0], input: row[1], ...readRow(row) })),
);

describe("as the manual has it", () => {
  it.each(ROWS)("$section: $program of $input gives $outputs", ({ source, data, outputs, where }) => {
    if (where !== undefined) expect(engine.isBounded(source)).toBe(where === "js");
    if (outputs === null) expect(() => engine.evaluateAll(source, data)).toThrow(JqError);
    else expect(engine.evaluateAll(source, data)).toEqual(outputs);
  });
});
