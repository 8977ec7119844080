import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createPipeline, delay, node, type Pipeline, sms } from "../../test/pipeline.ts";
import { bucketNumber } from "../ids.ts";
import { addSubscriptions } from "../recipients/subscriptions.ts";

/* Ids that belong to a recipient end in the recipient's bucket, so that a look-up by any of them knows its shard. */
let harness: Harness;
let pipeline: Pipeline;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text", ["sms", "inbox"]);
});

/** Ids from a query, with the key of the recipient they belong to, whose bucket PostgreSQL computes. */
async function strays(ids: string, source: string): Promise<string[]> {
  const rows = await harness.services.db.query<{ id: string; bucket: number }>(
    `select ${ids} as id,
            ('x' || md5(r.workspace_id || '/' || r.object_type || '/' || r.distinct_id))::bit(10)::int as bucket
       from run r ${source} where r.workspace_id = $1`,
    [pipeline.workspace_id],
  );
  expect(rows.length).toBeGreaterThan(0);
  return rows.filter(({ id, bucket }) => bucketNumber(id) !== bucket).map(({ id }) => id);
}

const ann = { distinct_id: "ann é", $sms: "+14155550100" };
const transient = { is_transient: true, $sms: "+14155550101" };

describe("the ids of what belongs to a recipient end in their bucket", () => {
  it("runs, messages and inbox items of users, objects, their subscribers and transient people", async () => {
    const { db, ids } = harness.services;
    await pipeline.call("POST", "/v1/user/bob/", { $sms: "+14155550102" });
    const team = {
      object_type: "team",
      object_id: "red",
      create_if_missing: true,
      properties: {},
      subscribers: [{ object_type: "", distinct_id: "bob" }],
    };
    await db.tx((tx) => addSubscriptions(tx, pipeline.workspace_id, [team], ids));
    await pipeline.commit("hello", [node("send_multi_channel", "m", { template: "text" })]);
    await pipeline.trigger({
      workflow: "hello",
      recipients: [ann, transient, { object_type: "team", id: "red", $sms: "+14155550103" }],
    });
    await pipeline.finished(4);
    expect(await strays("r.id", "")).toEqual([]);
    const message = "join message m on m.workspace_id = r.workspace_id and m.execution_id = r.id";
    expect(await strays("m.id", message)).toEqual([]);
    expect(
      await strays("i.id", `${message} join inbox_item i on i.workspace_id = r.workspace_id and i.id = m.id`),
    ).toEqual([]);
  });

  it("waits and batches", async () => {
    const batch = { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h" };
    await pipeline.commit("gathers", [node("batch", "b", batch), sms("s")]);
    await pipeline.commit("sleeps", [delay("d", "1h"), sms("s")]);
    await pipeline.trigger({ workflow: "gathers", recipients: [ann] });
    await pipeline.trigger({ workflow: "sleeps", recipients: [ann] });
    await until(async () => (await pipeline.runs()).filter(({ wake_at }) => wake_at !== null).length === 2);
    expect(await strays("r.state -> 'wait' ->> 'id'", "")).toEqual([]);
    const carried = "join batch b on b.workspace_id = r.workspace_id and b.carrier_run_id = r.id";
    expect(await strays("b.id", carried)).toEqual([]);
  });
});
