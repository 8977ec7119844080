import { expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { createHub } from "../../test/hub.ts";

it("claims a neighbour's trigger before the rest of a burst that came first", async ({ harness }) => {
  const [loud, quiet] = [await createHub(harness), await createHub(harness)];
  for (const hub of [loud, quiet]) await hub.addWorkflow("welcome");
  const burst = Array.from({ length: 100 }, (_unused, index) => ({
    workflow: "welcome",
    recipients: [`u${index}`],
  }));
  for (let count = 0; count < 20; count++) await loud.call("POST", "/trigger/", burst);
  await quiet.call("POST", "/trigger/", { workflow: "welcome", recipients: ["u"] });
  // The order in which pg-boss claims jobs: highest priority, then oldest.
  const jobs = await harness.services.db.query<{ refs: [[number, string[]]] }>(
    "select data -> 'refs' as refs from pgboss.job where name = 'expand-transactional' order by priority desc, created_on",
  );
  const order = jobs.map(({ refs }) => refs[0][0]);
  const before = order.indexOf(quiet.workspace.workspace_id);
  expect(order.filter((id) => id === loud.workspace.workspace_id).length).toBeGreaterThanOrEqual(20);
  expect(before).toBeLessThan(10);
});
