import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../test/harness.ts";
import { is } from "../../test/conditions.ts";
import { createPipeline, node, type Pipeline, sms } from "../../test/pipeline.ts";

/* Integers that no double holds keep their digits, from the wire to what goes out. */
let harness: Harness;
let pipeline: Pipeline;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
});

/** The digits are in the body as numbers, which no value of JavaScript could be written as. */
const trigger = (workflow: string) =>
  pipeline.call(
    "POST",
    "/trigger/",
    `{"workflow":"${workflow}","recipients":[{"distinct_id":"ann","$sms":"+14155550100","account":9007199254740995}],
      "data":{"id":9007199254740993,"ids":[1234567890123456789,12345678901234567890]}}`,
  );

describe("an integer beyond 2^53", () => {
  it("keeps its digits through conditions, Jsonnet, Handlebars and the payload", async () => {
    const variables = [
      { key: "jsonnet", value_lang: "jsonnet", value: "data.id" },
      {
        key: "text",
        value_lang: "handlebars",
        value: "{{id}} {{#each ids}}{{this}} {{/each}}{{$recipient.account}}",
      },
    ];
    await pipeline.commit("long", [node("transform", "t", { variables }), sms("s")], {
      conditions: [is("id", "9007199254740993")],
    });
    await trigger("long");
    const [run] = await pipeline.finished(1);
    const [row] = await harness.services.db.query<{ data: unknown }>(
      "select data::text from run where workspace_id = $1 and id = $2",
      [pipeline.workspace_id, run?.id],
    );
    expect(JSON.parse(String(row?.data))).toMatchObject({
      id: "9007199254740993",
      jsonnet: "9007199254740993",
      text: "9007199254740993 1234567890123456789 12345678901234567890 9007199254740995",
    });
  });
});
