import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../test/harness.ts";
import { createManagement, type Management } from "../../test/management.ts";
import { createPipeline, node, type Pipeline, sms } from "../../test/pipeline.ts";

/* Texts that a run makes (cut, parsed, quoted) hold what no column takes: the run goes on, and its logs can be read. */
let harness: Harness;
let pipeline: Pipeline;
let management: Management;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  management = createManagement(harness, pipeline.workspace);
});

const PARSED = { j: String.raw`{"a":"x\u0000y","b":"\ud83d"}` };
const ann = { distinct_id: "ann", $sms: "+14155550100" };

async function readEverything(): Promise<number[]> {
  const paths = ["log/execution", "log/request", "redrive", "explain?distinct_id=ann"];
  const answers = await Promise.all(paths.map((path) => management.call("GET", path)));
  return answers.map(({ status }) => status);
}

describe("text made inside", () => {
  it("in a transform's error is logged readable", async () => {
    for (const field of ["a", "b"]) {
      const variables = [{ key: "q", value_lang: "jsonnet", value: `error std.parseJson(data.j).${field}` }];
      await pipeline.commit(`fails-${field}`, [node("transform", "t", { variables })]);
      await pipeline.trigger({ workflow: `fails-${field}`, recipients: [ann], data: PARSED });
    }
    const runs = await pipeline.finished(2);
    expect(runs.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect(await readEverything()).toEqual([200, 200, 200, 200]);
  });

  it("in the payload goes on into messages, waits and logs", async () => {
    await pipeline.addTemplate("text", ["sms", "inbox"]);
    const variables = [{ key: "name", value_lang: "jsonnet", value: "std.parseJson(data.j).a" }];
    await pipeline.commit("merges", [node("transform", "t", { variables }), sms("s")]);
    await pipeline.trigger({ workflow: "merges", recipients: [ann], data: PARSED });
    const [run] = await pipeline.finished(1);
    expect(run?.status).not.toBe("in_progress");
    expect(await readEverything()).toEqual([200, 200, 200, 200]);
  });
});
