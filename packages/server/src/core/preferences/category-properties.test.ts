import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import {
  categoryPropertiesSchema,
  mergeValues,
  propertyValuesSchema,
  readTenantValues,
  resolveProperties,
  showProperties,
  valueProblems,
} from "./category-properties.ts";

const properties = categoryPropertiesSchema.parse([
  { key: "threshold", label: "Threshold", value_type: "integer", default_value: 10 },
  { key: "region", label: "Region", value_type: "string", default_value: "eu", edit_policy: "locked" },
  { key: "__proto__", label: "Odd", value_type: "string", is_optional: true },
]);

describe("values of properties", () => {
  it.each<[string, Json, "recipient" | "tenant", Record<string, string>]>([
    ["that fit", [{ key: "threshold", value: 5 }], "recipient", {}],
    ["that are taken back", [{ key: "threshold", value: null }], "recipient", {}],
    [
      "of the wrong type",
      [{ key: "threshold", value: "5" }],
      "recipient",
      { "properties[0].value": "must be an integer" },
    ],
    [
      "too large to be exact",
      [{ key: "threshold", value: 2 ** 60 }],
      "tenant",
      { "properties[0].value": "must be an integer" },
    ],
    [
      "that are locked",
      [{ key: "region", value: "us" }],
      "recipient",
      { "properties[0].value": "not editable" },
    ],
    ["that are locked, of a tenant", [{ key: "region", value: "us" }], "tenant", {}],
    [
      "that no property has",
      [{ key: "constructor", value: "x" }],
      "tenant",
      { "properties[0].key": "must be one of ['threshold' 'region' '__proto__']" },
    ],
  ])("%s have the problems they should", (_title, values, by, expected) => {
    const problems = valueProblems(properties, propertyValuesSchema.parse(values), by);
    expect(Object.fromEntries(problems)).toEqual(expected);
  });

  it("are merged by key, and gone when all are taken back", () => {
    const stored = { threshold: 5, region: "us" };
    expect(mergeValues(stored, undefined)).toEqual(stored);
    expect(mergeValues(stored, null)).toBeNull();
    expect(mergeValues(stored, [{ key: "threshold", value: 7 }])).toEqual({ threshold: 7, region: "us" });
    expect(mergeValues({ threshold: 5 }, [{ key: "threshold", value: null }])).toBeNull();
    expect(mergeValues(null, [])).toBeNull();
  });

  it("may be named like what every object has", () => {
    const merged = mergeValues(null, [{ key: "__proto__", value: "x" }]);
    expect(JSON.stringify(merged)).toBe('{"__proto__":"x"}');
    expect(JSON.stringify(mergeValues(merged, [{ key: "threshold", value: 1 }]))).toBe(
      '{"__proto__":"x","threshold":1}',
    );
  });
});

describe("the properties that apply to a recipient", () => {
  it.each<[string, Record<string, Json> | null, Record<string, Json> | null, Record<string, Json>]>([
    ["are the defaults where nobody said anything", null, null, { threshold: 10, region: "eu" }],
    ["are the tenant's over these", { threshold: 20, region: "us" }, null, { threshold: 20, region: "us" }],
    ["are the recipient's over those", { threshold: 20 }, { threshold: 5 }, { threshold: 5, region: "eu" }],
    [
      "are not the recipient's where locked",
      { region: "us" },
      { region: "in" },
      { threshold: 10, region: "us" },
    ],
    [
      "are never what does not fit, or is no property",
      { threshold: 20, constructor: "x" },
      { threshold: "5", gone: 1 },
      { threshold: 20, region: "eu" },
    ],
    [
      "may be named like what every object has",
      null,
      { ["__proto__"]: "x" },
      { threshold: 10, region: "eu" },
    ],
  ])("%s", (_title, tenant, recipient, expected) => {
    const odd = recipient !== null && Object.hasOwn(recipient, "__proto__") ? "x" : null;
    const resolved = resolveProperties(properties, tenant, recipient);
    expect(Object.entries(resolved)).toEqual([...Object.entries(expected), ["__proto__", odd]]);
  });

  it("are none where the category has none", () => {
    expect(resolveProperties(null, { a: 1 }, { a: 1 })).toEqual({});
  });
});

describe("properties on a page", () => {
  const shown = (tenant: Record<string, Json> | null, ...recipient: [(Record<string, Json> | null)?]) =>
    showProperties(properties, tenant, ...recipient)?.map(({ key, default_value, is_overridden, value }) => [
      key,
      default_value,
      is_overridden,
      value,
    ]);

  it("of a recipient have the tenant's values as defaults, and what is their own and not locked", () => {
    expect(shown({ threshold: 20, region: "us" }, { threshold: 500, region: "jp" })).toEqual([
      ["threshold", 20, true, 500],
      ["region", "us", false, "us"],
      ["__proto__", null, false, null],
    ]);
    expect(shown(null, null)).toEqual([
      ["threshold", 10, false, 10],
      ["region", "eu", false, "eu"],
      ["__proto__", null, false, null],
    ]);
  });

  it("of a tenant have the category's values as defaults, locked or not", () => {
    expect(shown({ threshold: 20, region: "us" })).toEqual([
      ["threshold", 10, true, 20],
      ["region", "eu", true, "us"],
      ["__proto__", null, false, null],
    ]);
  });

  it("do not show a value that no longer fits as one's own", () => {
    expect(shown(null, { threshold: "many" })?.[0]).toEqual(["threshold", 10, false, 10]);
  });

  it("have their choices where there are any, and are null where nothing is defined", () => {
    const choices = [{ value: "a", label: "A" }];
    const [one] = categoryPropertiesSchema.parse([
      { key: "pick", label: "Pick", value_type: "list_choice", choices, default_value: ["a"] },
    ]);
    expect(showProperties(one === undefined ? [] : [one], null, null)).toEqual([
      {
        key: "pick",
        label: "Pick",
        value_type: "list_choice",
        choices,
        default_value: ["a"],
        is_optional: false,
        edit_policy: "editable",
        is_overridden: false,
        value: ["a"],
      },
    ]);
    expect(showProperties([], null, null)).toBeNull();
    expect(showProperties(null, null)).toBeNull();
  });
});

describe("numbers of a tenant", () => {
  it.each<[string, Json, Json]>([
    ["threshold", "100", 100],
    ["threshold", "-5", -5],
    ["threshold", "many", "many"],
    ["threshold", "1".repeat(16), "1".repeat(16)],
    ["threshold", null, null],
    ["region", "100", "100"],
    ["unknown", "100", "100"],
  ])("may be text: %s %j is %j", (key, value, expected) => {
    const read = readTenantValues(properties, propertyValuesSchema.parse([{ key, value }]));
    expect(read).toEqual([{ key, value: expected }]);
  });
});
