import { expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Server } from "../../../../test/harness.ts";

async function save(harness: Server, trigger_events: string[], wait_events: string[] = []) {
  const conditions = wait_events.map((event_name) => ({ type: "future_event", event_name }));
  const branches = [
    { name: "Event", ref: "event", is_default: false, conditions, nodes: [] },
    { name: "Default", ref: "default", is_default: true, conditions: [], nodes: [] },
  ];
  const nodes = [{ node_type: "branch_waituntil", ref: "wait", properties: {}, branches }];
  return harness.app.inject({
    method: "POST",
    url: "/v1/staging/workflow/many/",
    headers: { authorization: `ServiceToken ${harness.serviceToken}`, "content-type": "application/json" },
    payload: {
      name: "Many",
      category: "transactional",
      trigger_type: "event",
      trigger_events,
      tree: { nodes },
    },
  });
}

const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_unused, n) => `${prefix}${n}`);

it("a workflow may react to a thousand events", async ({ harness }) => {
  expect((await save(harness, names(500, "a"), names(500, "b"))).statusCode).toBe(201);
});

it("a workflow that reacts to more events than one commit can write is refused by name", async ({
  harness,
}) => {
  for (const events of [
    [names(20_000, "a"), []],
    [[], names(20_000, "b")],
  ] as const) {
    const answer = await save(harness, [...events[0]], [...events[1]]);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      detail: { trigger_events: ["the workflow reacts to 20000 events, at maximum 1000 are allowed"] },
    });
  }
});
