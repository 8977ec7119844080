import { afterAll, beforeAll, expect, it } from "vitest";
import { createHarness, type Harness } from "../../../test/harness.ts";
import { createPipeline, type Pipeline, sms } from "../../../test/pipeline.ts";
import { acceptedReply, bulkReply, dryRunReply } from "./record-replies.ts";

/** The reference describes the actual responses. */
let harness: Harness;
let pipeline: Pipeline;
beforeAll(async () => {
  harness = await createHarness();
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
  await pipeline.commit("ship", [sms("sms_1")]);
});
afterAll(() => harness.close());

const TRIGGER = { workflow: "ship", recipients: [{ distinct_id: "u1", $sms: "+15005550006" }] };
const EVENT = { event: "MOVED", distinct_id: "u1" };

it.each([
  ["/trigger/", TRIGGER, 202, acceptedReply],
  ["/trigger/", [TRIGGER, { ...TRIGGER, workflow: "none" }], 207, bulkReply],
  ["/trigger/?dry_run=true", TRIGGER, 200, dryRunReply],
  ["/v2/event/", EVENT, 202, acceptedReply],
  ["/v2/event/", [EVENT, {}], 207, bulkReply],
  ["/v2/bulk/event/", [EVENT, {}], 207, bulkReply],
])("a reply is as it is described: %s to %j is %i", async (url, body, status, schema) => {
  const answer = await pipeline.call("POST", url, body);
  expect(answer.status).toBe(status);
  expect(schema.safeParse(answer.json).error).toBeUndefined();
});

it("a dry run with problems matches its description", async () => {
  const answer = await pipeline.call("POST", "/trigger/?dry_run=true", {
    ...TRIGGER,
    tenant_id: "nobody",
    recipients: ["u2"],
  });
  expect(dryRunReply.safeParse(answer.json).error).toBeUndefined();
});
