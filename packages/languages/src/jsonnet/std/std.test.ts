import { describe, expect, it } from "vitest";
import { PORTABLE_HASHES } from "../../hashes.ts";
import { createJsonnetEngine } from "../index.ts";
import { createJsonnetEngine as createNodeEngine } from "../node.ts";
import { CASES, REFUSED } from "./fixtures/cases.ts";
import { createStd } from "./std.ts";

const ENGINES = { "in a browser": createJsonnetEngine(), "in Node": createNodeEngine() };

describe.each(Object.entries(ENGINES))("the standard library, %s", (_where, engine) => {
  const cases = Object.entries(CASES).flatMap(([section, rows]) =>
    rows.map(([source, value]) => ({ section, source, value })),
  );
  it.each(cases)("$section: $source", ({ source, value }) => {
    expect(engine.evaluate(source, {})).toEqual(value);
  });

  it.each(REFUSED)("refuses %s", (source, message) => {
    expect(() => engine.evaluate(source, {})).toThrow(message);
  });
});

it("has a case for each function of the standard library", () => {
  const sources = [...Object.values(CASES).flat(), ...REFUSED].map(([source]) => source).join("\n");
  const called = new Set([...sources.matchAll(/\bstd\.(\w+)/g)].map(([, name]) => name));
  const [layer] = createStd(PORTABLE_HASHES).layers;
  const names = layer === undefined || layer.json !== null ? [] : [...layer.fields.keys()];
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter((name) => !called.has(name))).toEqual([]);
});
