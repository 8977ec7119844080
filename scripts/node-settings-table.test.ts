import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type SettingRow, settingRows } from "./node-settings-table.ts";

const text = z.string().describe("Text.");
const row = (name: string, type: string, more: Partial<SettingRow> = {}): SettingRow => {
  return { name, type, required: "", default: "", meaning: "Text.", ...more };
};

describe("the rows of a node's settings", () => {
  it("are none where there are no settings", () => {
    expect(settingRows(z.looseObject({}).nullish())).toEqual([]);
  });

  it.each([
    ["what has to be there", text, row("a", "text", { required: "yes" })],
    ["what may be left out or null", text.nullish().describe("Text."), row("a", "text")],
    ["one of several", z.enum(["x", "y", ""]).describe("Text."), row("a", "`x`, `y`", { required: "yes" })],
    [
      "numbers in bounds, and their default",
      z.int().min(1).max(9).nullish().meta({ description: "Text.", default: 3 }),
      row("a", "whole number, 1 to 9", { default: "`3`" }),
    ],
    [
      "numbers without an end",
      z.int().min(1).describe("Text."),
      row("a", "whole number, 1 or more", { required: "yes" }),
    ],
    [
      "the default of what is transformed",
      z
        .boolean()
        .nullish()
        .transform((flag) => flag === true)
        .meta({ description: "Text.", default: false }),
      row("a", "boolean", { default: "`false`" }),
    ],
    [
      "lists of words",
      z
        .array(z.enum(["x", "y"]))
        .min(1)
        .describe("Text."),
      row("a", "list of `x`, `y`", { required: "yes" }),
    ],
    [
      "nothing but null or empty",
      z
        .union([z.null(), z.literal("")])
        .optional()
        .describe("Text."),
      row("a", "null"),
    ],
  ] as [string, z.ZodType, SettingRow][])("tell %s", (_title, schema, expected) => {
    expect(settingRows(z.object({ a: schema }))).toEqual([expected]);
  });

  it("go into objects and lists", () => {
    const config = z.object({
      outer: z.object({ inner: text }).describe("Object."),
      list: z
        .array(z.object({ key: text.optional().describe("Text.") }))
        .nullish()
        .describe("List."),
    });
    expect(settingRows(config)).toEqual([
      row("outer", "object", { required: "yes", meaning: "Object." }),
      row("outer.inner", "text", { required: "yes" }),
      row("list", "list of objects", { meaning: "List." }),
      row("list[].key", "text"),
    ]);
  });

  it("say with what a setting is there, and are one where it is always there", () => {
    const variants = z.discriminatedUnion("kind", [
      z.object({ all: text, kind: z.literal("one").describe("Kind."), value: text }),
      z.object({
        all: text,
        kind: z.literal("two").describe("Kind."),
        value: z.int().min(0).describe("Text."),
      }),
      z.object({
        all: text,
        kind: z.literal("three").describe("Kind."),
        extra: text.optional().describe("Text."),
      }),
    ]);
    // Like nodes that accept older spellings, and output something else than their input.
    const config = z.preprocess((input) => input, variants).transform(({ kind }) => kind);
    for (const schema of [variants, config]) {
      expect(settingRows(schema)).toEqual([
        row("kind", "`one`, `two`, `three`", { required: "yes", meaning: "Kind." }),
        row("all", "text", { required: "yes" }),
        row("value", "text", { required: "with `kind` `one`" }),
        row("value", "whole number, 0 or more", { required: "with `kind` `two`" }),
        row("extra", "text", { required: "only with `kind` `three`" }),
      ]);
    }
  });
});
