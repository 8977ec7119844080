import { expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Workers } from "../../../test/worker.ts";
import { until } from "../../../test/harness.ts";
import { createPipeline, delay, type Pipeline } from "../../../test/pipeline.ts";
import { createRandom } from "../../../test/random.ts";
import { all, leaf } from "../../../test/conditions.ts";
import { wait, waitingRows } from "../../../test/waiting.ts";

/*
 * How a tenant's changes find the runs that wait for them, whatever races. The consequences:
 * test/behaviours/tenants.test.ts.
 */

it.beforeEach(async ({ pipeline }) => {
  await setOpen(pipeline, false);
  const isOpen = all(leaf("properties.open", "==", "true", "$tenant"));
  await pipeline.commit("open", [wait("w", { on: [isOpen] })]);
});

async function work(workers: Workers, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await workers.start();
}

async function setOpen(pipeline: Pipeline, open: boolean, tenant_id = "acme"): Promise<void> {
  const body = { tenant_name: "Acme", properties: { open } };
  const { status, text } = await pipeline.call("POST", `/v1/tenant/${tenant_id}/`, body);
  if (status !== 201) throw new Error(text);
}

const trigger = (pipeline: Pipeline, from: number, count: number) =>
  pipeline.trigger({
    workflow: "open",
    tenant_id: "acme",
    recipients: Array.from({ length: count }, (_none, index) => ({
      distinct_id: `user-${from + index}`,
      n: 1,
    })),
  });

const query = <Row extends object>(pipeline: Pipeline, text: string): Promise<Row[]> =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id]);

const waiting = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const [row] = await query<{ count: number }>(
      pipeline,
      "select count(*)::int from run where workspace_id = $1 and wake_at is not null",
    );
    return row?.count === count;
  }, 60);

/** How the runs ended, once `count` began and none is in progress, with the number of remaining waiters and signals. */
async function outcome(pipeline: Pipeline, count: number): Promise<object> {
  const rows = await until(async () => {
    const groups = await query<{ how: string; count: number }>(
      pipeline,
      `select r.status || ' ' || coalesce((select string_agg(step->'p'->>'branch', '+')
                from json_array_elements(r.steps) step where step->>'s' = 'expression_evaluated'), '') as how, count(*)::int
         from run r where r.workspace_id = $1 group by 1`,
    );
    const begun = groups.reduce((sum, group) => sum + group.count, 0);
    return begun >= count && groups.every(({ how }) => !how.startsWith("in_progress")) ? groups : null;
  }, 50);
  return { runs: rows, ...(await waitingRows(pipeline, pipeline)) };
}

const allCame = (count: number) => ({ runs: [{ how: "completed w-come", count }], waiters: 0, signals: 0 });

it("more runs than a page wait in one tenant: each is signalled once with two workers", async ({
  pipeline,
  workers,
}) => {
  await work(workers, 2);
  for (let from = 0; from < 1200; from += 100) await trigger(pipeline, from, 100);
  await waiting(pipeline, 1200);
  await setOpen(pipeline, true);
  expect(await outcome(pipeline, 1200)).toEqual(allCame(1200));
});

it("runs that begin to wait while the tenant changes miss nothing with two workers", async ({
  pipeline,
  workers,
}) => {
  await work(workers, 2);
  const random = createRandom(11);
  let begun = 0;
  for (let turn = 0; turn < 8; turn++) {
    await setOpen(pipeline, false);
    const triggered = Promise.all([trigger(pipeline, begun, 40), trigger(pipeline, begun + 40, 40)]);
    begun += 80;
    while (random.chance(0.6)) await setOpen(pipeline, false);
    await setOpen(pipeline, true);
    await triggered;
  }
  expect(await outcome(pipeline, begun)).toEqual(allCame(begun));
});

it("a run that began with a cached tenant checks it again", async ({ pipeline, workers }) => {
  await work(workers, 1);
  await trigger(pipeline, 0, 1);
  await waiting(pipeline, 1);
  // No process is notified: for the worker it is a change whose notification is still in transit.
  await query(
    pipeline,
    `update tenant set properties = '{"open": true}', updated_at = now() where workspace_id = $1 and tenant_id = 'acme'`,
  );
  await trigger(pipeline, 1, 1);
  await until(
    async () =>
      (await query(pipeline, "select 1 from run where workspace_id = $1 and status = 'completed'")).length ===
      1,
  );
  await setOpen(pipeline, true);
  expect(await outcome(pipeline, 2)).toEqual(allCame(2));
});

it("a run that begins to wait while the tenant is being changed is signalled once that commits", async ({
  pipeline,
  workers,
  harness,
}) => {
  await work(workers, 1);
  const { db, catalog } = harness.services;
  await db.tx(async (tx) => {
    await tx.query(
      `update tenant set properties = '{"open": true}', updated_at = now() where workspace_id = $1 and tenant_id = 'acme'`,
      [pipeline.workspace_id],
    );
    await trigger(pipeline, 0, 1);
    // It was signalled about a change that it cannot see yet, has checked again, and keeps waiting.
    await waiting(pipeline, 1);
    await until(async () => (await waitingRows(harness, pipeline)).signals === 0);
    await catalog.invalidate(tx, pipeline.workspace_id, "tenant", "acme");
  });
  expect(await outcome(pipeline, 1)).toEqual(allCame(1));
});

it("a run continues in a tenant that this process does not know yet", async ({
  pipeline,
  workers,
  harness,
}) => {
  await pipeline.commit("sleep", [delay("d", "1d")]);
  await work(workers, 1);
  const { db } = harness.services;
  const { workspace_id } = pipeline;
  await pipeline.trigger({ workflow: "sleep", tenant_id: "new", recipients: ["nobody"] });
  // The worker now caches that the tenant does not exist, and is not notified that it does.
  await until(
    async () =>
      (await query(pipeline, "select 1 from request where workspace_id = $1 and errors is not null"))
        .length === 1,
  );
  await db.query("insert into tenant (workspace_id, tenant_id) values ($1, 'new')", [workspace_id]);
  await pipeline.trigger({ workflow: "sleep", recipients: [{ distinct_id: "ann", n: 1 }] });
  await waiting(pipeline, 1);
  await query(
    pipeline,
    "update run set tenant_id = 'new', wake_at = now() where workspace_id = $1 and wake_at is not null",
  );
  await workers.running()[0]?.wake();
  expect(await outcome(pipeline, 1)).toEqual({
    runs: [{ how: "completed ", count: 1 }],
    waiters: 0,
    signals: 0,
  });
});

it("a change of another tenant, or in another workspace, wakes no run", async ({
  pipeline,
  workers,
  harness,
}) => {
  await work(workers, 1);
  await trigger(pipeline, 0, 1);
  await waiting(pipeline, 1);
  const [before] = await query(pipeline, "select updated_at from run where workspace_id = $1");
  await setOpen(pipeline, true, "bell");
  const mine = pipeline;
  pipeline = await createPipeline(harness);
  await setOpen(pipeline, true);
  await pipeline.commit("open", []);
  pipeline = mine;
  await until(
    async () =>
      (
        await query(
          pipeline,
          "select 1 from pgboss.job where name like 'signal-%' and state <= 'active' and $1 > 0",
        )
      ).length === 0,
  );
  expect(await query(pipeline, "select updated_at from run where workspace_id = $1")).toEqual([before]);
  await setOpen(pipeline, true);
  expect(await outcome(pipeline, 1)).toEqual(allCame(1));
});
