import { expect } from "vitest";
import { onServer as it } from "../../../test/fixture.ts";
import { sms } from "../../../test/pipeline.ts";
import { acceptedReply, bulkReply, dryRunReply } from "./record-replies.ts";

/** The reference describes the actual responses. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("ship", [sms("sms_1")]);
});

const TRIGGER = { workflow: "ship", recipients: [{ distinct_id: "u1", $sms: "+15005550006" }] };
const EVENT = { event: "MOVED", distinct_id: "u1" };

it.for([
  ["/trigger/", TRIGGER, 202, acceptedReply],
  ["/trigger/", [TRIGGER, { ...TRIGGER, workflow: "none" }], 207, bulkReply],
  ["/trigger/?dry_run=true", TRIGGER, 200, dryRunReply],
  ["/v2/event/", EVENT, 202, acceptedReply],
  ["/v2/event/", [EVENT, {}], 207, bulkReply],
  ["/v2/bulk/event/", [EVENT, {}], 207, bulkReply],
] as const)(
  "a reply is as it is described: %s to %j is %i",
  async ([url, body, status, schema], { pipeline }) => {
    const answer = await pipeline.call("POST", url, body);
    expect(answer.status).toBe(status);
    expect(schema.safeParse(answer.json).error).toBeUndefined();
  },
);

it("a dry run with problems matches its description", async ({ pipeline }) => {
  const answer = await pipeline.call("POST", "/trigger/?dry_run=true", {
    ...TRIGGER,
    tenant_id: "nobody",
    recipients: ["u2"],
  });
  expect(dryRunReply.safeParse(answer.json).error).toBeUndefined();
});
