import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import { createBench, refusals } from "../../../test/node-context.ts";
import delay from "../delay.ts";
import batch from "../batch.ts";
import digest from "../digest.ts";
import type { NodeDefinition } from "../../engine/node.ts";

const delaying = delay as unknown as NodeDefinition;
const batching = batch as unknown as NodeDefinition;
const digesting = digest as unknown as NodeDefinition;

const relative = (offset_value_type: string, offset_value: string): JsonObject => ({
  delay_type: "relative_to",
  relative_to: { pivot_expr: ".at", offset_type: "before", offset_value_type, offset_value },
});

describe("an offset", () => {
  it.each(["soon", ".off", "90", "1.5h", " 1h", "-1h", "1h ", "1H", "٣d"])(
    "that is fixed must be a duration: %j",
    (offset_value) => {
      expect(refusals(delaying, relative("fixed", offset_value))).toEqual([
        "relative_to.offset_value: must be a duration like 1d2h30m",
      ]);
      const window = {
        mode: "accumulate_all",
        window_type: "relative_to",
        ...relative("fixed", offset_value),
      };
      expect(refusals(batching, window)).toEqual([
        "relative_to.offset_value: must be a duration like 1d2h30m",
      ]);
    },
  );

  it.each([
    ["fixed", "90s"],
    ["fixed", "1d2h30m"],
    ["fixed", "0s"],
    ["dynamic", ".off"],
    ["dynamic", "90"],
    ["dynamic", '"soon"'],
  ])("%s may be %j", (type, offset_value) => {
    expect(refusals(delaying, relative(type, offset_value))).toEqual([]);
  });
});

describe("a jq error in a setting", () => {
  const gathering = { mode: "accumulate_all", window_type: "dynamic", dynamic_window_expr: 'error("x")' };
  it.each<[NodeDefinition, JsonObject, string]>([
    [delaying, { delay_type: "dynamic", value: 'error("x")' }, `delay: jq-expression 'error("x")': x`],
    [
      delaying,
      { delay_type: "dynamic", value: "empty" },
      "delay: jq-expression 'empty' evaluated to empty value",
    ],
    [batching, gathering, `batch: jq-expression 'error("x")': x`],
    [
      digesting,
      { schedule_type: "dynamic", dynamic_schedule_expr: 'error("x")' },
      `digest: jq-expression 'error("x")': x`,
    ],
    [
      delaying,
      {
        delay_type: "relative_to",
        relative_to: {
          pivot_expr: 'error("x")',
          offset_type: "after",
          offset_value_type: "fixed",
          offset_value: "1h",
        },
      },
      `delay: pivot: jq-expression 'error("x")': x`,
    ],
  ])("is quoted after a colon, except the wire's own text (%#)", (definition, settings, message) => {
    expect(createBench({}).run(definition, settings)).toEqual({
      kind: "fail",
      code: "dynamic_value_invalid",
      message,
    });
  });
});
