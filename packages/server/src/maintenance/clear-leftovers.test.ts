import { expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { type Server, SECRET_KEY } from "../../test/harness.ts";
import { createPipeline, type Pipeline } from "../../test/pipeline.ts";
import { configSchema } from "../config.ts";
import { createSilentLog } from "../log.ts";
import { clearLeftovers } from "./clear-leftovers.ts";

const query = <Row extends object>(pipeline: Pipeline, text: string, ...values: unknown[]): Promise<Row[]> =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id, ...values]);

const clear = (harness: Server) =>
  clearLeftovers.run({
    db: harness.services.db,
    log: createSilentLog(),
    config: configSchema.parse({ SECRET_KEY }),
  });

async function addRun(pipeline: Pipeline, id: string, status: string): Promise<void> {
  await query(
    pipeline,
    `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, object_type, distinct_id,
                      tenant_id, idempotency_key, status, steps)
     values ($1, $2, gen_random_uuid(), 'w', 'v', 1, '', 'ann', 'default', 'k', $3, '[]')`,
    id,
    status,
  );
}

const keys = async (pipeline: Pipeline, table: string, column: string): Promise<string[]> =>
  (
    await query<{ key: string }>(
      pipeline,
      `select ${column} as key from ${table} where workspace_id = $1 order by 1`,
    )
  ).map(({ key }) => key);

it("clears waiters and signals of runs that ended or never were, and no others", async ({ pipeline }) => {
  for (const status of ["in_progress", "completed", "partial_failure", "failed", "cancelled"]) {
    await addRun(pipeline, status, status);
  }
  const runs = ["in_progress", "completed", "partial_failure", "failed", "cancelled", "never"];
  await query(
    pipeline,
    "insert into waiter (workspace_id, key, topic, run_id, wait_id) select $1, 'ann', 'go', id, 'w' from unnest($2::text[]) id",
    runs,
  );
  await query(
    pipeline,
    `insert into signal (workspace_id, run_id, wait_id, kind, at, body)
     select $1, id, 'w', 'event', now(), '{}' from unnest($2::text[]) id, generate_series(1, 3)`,
    runs,
  );
  await clear(pipeline);

  expect(await keys(pipeline, "waiter", "run_id")).toEqual(["in_progress"]);
  expect(await keys(pipeline, "signal", "run_id")).toEqual(["in_progress", "in_progress", "in_progress"]);
});

it("clears throttles an hour after they say anything, by the workspace's own clock", async ({
  pipeline,
  harness,
}) => {
  await query(
    pipeline,
    `insert into throttle (workspace_id, workflow_slug, recipient_key, starts, until)
     select $1, 'w', key, '{}', now() + age::interval
       from (values ('current', '1 minute'), ('just over', '-59 minutes'), ('over', '-61 minutes')) t(key, age)`,
  );
  await clear(harness);
  expect(await keys(pipeline, "throttle", "recipient_key")).toEqual(["current", "just over"]);

  const frozen = await createPipeline(harness);
  await harness.services.db.query(
    "update workspace set clock_frozen_at = now() - interval '1 day' where workspace_id = $1",
    [frozen.workspace_id],
  );
  await query(
    pipeline,
    "update throttle set workspace_id = $2, until = now() - interval '5 hours' where workspace_id = $1",
    frozen.workspace_id,
  );
  await clear(harness);
  const left = await harness.services.db.query("select from throttle where workspace_id = $1", [
    frozen.workspace_id,
  ]);
  expect(left).toHaveLength(2);
});

it("clears windows in which nothing came, and batches whose carriers are gone, with their items", async ({
  pipeline,
}) => {
  await addRun(pipeline, "alive", "in_progress");
  await addRun(pipeline, "dead", "failed");
  await query(
    pipeline,
    `insert into batch (workspace_id, identity, id, carrier_run_id, closes_at)
     select $1, id, id, carrier, now() + age::interval
       from (values ('open window', null, '1 hour'), ('just closed', null, '-59 minutes'), ('long closed', null, '-2 hours'),
                    ('late', 'alive', '-2 hours'), ('carried', 'alive', '1 hour'), ('dead', 'dead', '1 hour'),
                    ('nobody', 'never', '1 hour')) b(id, carrier, age)`,
  );
  await query(
    pipeline,
    `insert into batch_item (workspace_id, batch_id, run_id, idempotency_key, item)
     select $1, id, 'alive', 'k', '{}' from unnest(array['carried', 'dead']) id`,
  );
  await clear(pipeline);

  expect(await keys(pipeline, "batch", "id")).toEqual(["carried", "just closed", "late", "open window"]);
  expect(await keys(pipeline, "batch_item", "batch_id")).toEqual(["carried"]);
});

it("clears a cancel's notice a day after whatever it may still concern was expanded", async ({
  pipeline,
  harness,
}) => {
  await query(
    pipeline,
    `insert into cancel_notice (workspace_id, name, filter, at)
     select $1, age, '{}', now() - age::interval from unnest(array['1 hour', '23 hours', '25 hours', '50 hours']) age`,
  );
  await harness.services.db.query(
    "insert into pgboss.job (id, name, state, created_on) values (gen_random_uuid(), 'expand-system', 'created', now() - interval '4 hours')",
  );
  await clear(harness);
  expect(await keys(pipeline, "cancel_notice", "name")).toEqual(["1 hour", "23 hours", "25 hours"]);
  await harness.services.db.query("delete from pgboss.job where name = 'expand-system'");
  await clear(harness);
  expect(await keys(pipeline, "cancel_notice", "name")).toEqual(["1 hour", "23 hours"]);
});

it("leaves locked rows alone", async ({ pipeline, harness }) => {
  await query(
    pipeline,
    "insert into waiter (workspace_id, key, topic, run_id, wait_id) values ($1, 'ann', 'go', 'never', 'w')",
  );
  await harness.services.db.tx(async (tx) => {
    await tx.query("select from waiter where workspace_id = $1 for update", [pipeline.workspace_id]);
    await clear(harness);
  });
  expect(await keys(pipeline, "waiter", "run_id")).toEqual(["never"]);
  await clear(harness);
  expect(await keys(pipeline, "waiter", "run_id")).toEqual([]);
});

it("clears more than fit into one statement", async ({ pipeline }) => {
  await query(
    pipeline,
    "insert into waiter (workspace_id, key, topic, run_id, wait_id) select $1, 'ann', 'go', 'never_' || n, 'w' from generate_series(1, 12345) n",
  );
  await clear(pipeline);
  expect(await keys(pipeline, "waiter", "run_id")).toEqual([]);
});
