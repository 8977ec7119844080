import { type Clock, databaseClock } from "../../workspaces/clock.ts";
import { afterAll, describe, expect } from "vitest";
import { onDatabase as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createTestWaker, startTestCatalog } from "../../../test/waker.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { createDb, type Db } from "../../db/db.ts";
import { createIdSource } from "../../ids.ts";
import { createSilentLog } from "../../log.ts";
import { createQueue, type Queue } from "../../queue/queue.ts";
import type { Waker } from "./waker.ts";

/** Two nodes, each with its own connections. */
let nodes: { db: Db; queue: Queue; catalog: Catalog; stop: () => Promise<void> }[];

const ids = createIdSource();

it.beforeAll(async ({ db, databaseUrl }) => {
  nodes = await Promise.all(
    [1, 2].map(async () => {
      const db = createDb({ url: databaseUrl, max: 4, onError: () => {} });
      const queue = createQueue({ db, url: databaseUrl, log: createSilentLog(), observe: () => {} });
      await queue.start({ worker: false });
      return { db, queue, ...(await startTestCatalog(db)) };
    }),
  );
  await db.query(
    `insert into workspace (workspace_id, uid, slug, name, mode, inbox_secret) overriding system value
     values (1, 'one', 'one', 'One', 'production', '')`,
  );
});
afterAll(async () => {
  for (const node of nodes) {
    await node.queue.stop();
    await node.stop();
    await node.db.close();
  }
});
it.beforeEach(async ({ db }) => {
  await db.query("truncate run, message");
  await db.query("delete from pgboss.job");
});

function waker(node: number, clock: Clock = databaseClock): Waker {
  const one = nodes[node];
  if (one === undefined) throw new Error(`no node ${node}`);
  return createTestWaker(one, one.queue, clock);
}

/** Sleeping runs, due in `seconds` (negative: overdue). */
async function addSleepers(db: Db, count: number, seconds: number, lane = 1): Promise<string[]> {
  const made = Array.from({ length: count }, () => ids.ulid());
  await db.query(
    `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                      idempotency_key, position, wake_at, steps)
     select 1, id, gen_random_uuid(), 'w', 'v', $3, 'ann', 'default', '', '0', now() + make_interval(secs => $2), '[]'
       from unnest($1::text[]) as id`,
    [made, seconds, lane],
  );
  return made;
}

/** Messages that wait for another attempt. */
async function addRetries(db: Db, count: number, seconds: number): Promise<string[]> {
  const made = Array.from({ length: count }, () => ids.ulid());
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, channel, status, attempt, next_attempt_at, idempotency_key)
     select 1, id, 'r', 'w', 'v', 'n', 'promotional', 2, 'default', 'ann', 'sms', 'triggered', 1,
            now() + make_interval(secs => $2), '' from unnest($1::text[]) as id`,
    [made, seconds],
  );
  return made;
}

interface JobRow {
  id: string;
  name: string;
  refs: string[];
}

async function queued(db: Db): Promise<JobRow[]> {
  const rows = await db.query<{ id: string; name: string; data: { refs: [number, string[]][] } }>(
    "select id, name, data from pgboss.job",
  );
  return rows.map(({ id, name, data }) => ({ id, name, refs: data.refs.flatMap(([, refs]) => refs) }));
}

const refsOf = async (db: Db, name: string) =>
  (await queued(db)).filter((job) => job.name === name).flatMap((job) => job.refs);

describe("the waker", () => {
  it("wakes each sleeper once when two race", async ({ db }) => {
    const sleepers = await addSleepers(db, 1300, -1);

    const moved = await Promise.all([waker(0).tick(), waker(1).tick(), waker(0).tick(), waker(1).tick()]);

    expect(moved.reduce((sum, count) => sum + count, 0)).toBe(1300);
    expect((await refsOf(db, "execute-transactional")).toSorted()).toEqual(sleepers.toSorted());
    expect(await waker(0).tick()).toBe(0);
  });

  it("leaves runs that are not due yet", async ({ db }) => {
    await addSleepers(db, 3, 60);
    const due = await addSleepers(db, 2, -60);

    expect(await waker(0).tick()).toBe(2);
    expect((await refsOf(db, "execute-transactional")).toSorted()).toEqual(due);
    expect(await waker(0, async () => new Date(Date.now() + 61_000)).tick()).toBe(3);
  });

  it("puts each run on the queue of its lane", async ({ db }) => {
    const [system] = await addSleepers(db, 1, -1, 0);
    const [promotional] = await addSleepers(db, 1, -1, 2);
    await waker(0).tick();

    expect(await refsOf(db, "execute-system")).toEqual([system]);
    expect(await refsOf(db, "execute-promotional")).toEqual([promotional]);
  });

  it("leases a message that is due for a retry to the job that sends it, as the next attempt", async ({
    db,
  }) => {
    await addRetries(db, 250, -1);
    await addRetries(db, 1, 60);

    await Promise.all([waker(0).tick(), waker(1).tick()]);

    const jobs = (await queued(db)).filter(({ name }) => name === "send-promotional");
    const leased = await db.query<{ id: string; lease: string; attempt: number }>(
      "select id, lease, attempt from message where next_attempt_at is null",
    );
    expect(leased).toHaveLength(250);
    expect(leased.every(({ attempt }) => attempt === 2)).toBe(true);
    expect(jobs.flatMap(({ id, refs }) => refs.map((ref) => `${ref} ${id}`)).toSorted()).toEqual(
      leased.map(({ id, lease }) => `${id} ${lease}`).toSorted(),
    );
  });

  describe("with a workspace whose rows cannot be moved", () => {
    it.beforeAll(async ({ db }) => {
      await db.query(`
        insert into workspace (workspace_id, uid, slug, name, mode, inbox_secret) overriding system value
        values (2, 'two', 'two', 'Two', 'sandbox', '');
        create function refuse() returns trigger language plpgsql as $$ begin
          raise exception 'poison';
        end $$;
        create trigger poison before update on run for each row when (new.workspace_id = 2) execute function refuse();
        create trigger poison before update on workspace for each row
          when (new.workspace_id = 2 and new.clock_frozen_at > '2031-01-01') execute function refuse();`);
    });
    it.afterAll(({ db }) =>
      db.query(
        "drop trigger poison on run; drop trigger poison on workspace; delete from workspace where workspace_id = 2",
      ),
    );

    it("goes on with the others, and comes back to it only after a while", async ({ db }) => {
      const sleepers = await addSleepers(db, 3, -1);
      await db.query(
        "insert into run select (jsonb_populate_record(r, '{\"workspace_id\": 2}')).* from run r limit 1",
      );
      const own = waker(0);
      expect(await own.tick()).toBe(3);
      expect((await refsOf(db, "execute-transactional")).toSorted()).toEqual(sleepers.toSorted());
      const later = await addSleepers(db, 600, -1);
      expect(await own.tick()).toBe(600);
      expect(await refsOf(db, "execute-transactional")).toHaveLength(3 + later.length);
    });

    it("goes on with the others while its clock is frozen in another century, advanced, and poisoned", async ({
      db,
    }) => {
      await db.query(
        `update workspace set clock_frozen_at = '2030-01-01Z', clock_target = '2032-01-01Z' where workspace_id = 2`,
      );
      await db.query("update workspace set clock_target = now() + interval '1 hour' where workspace_id = 1");
      await db.query("update workspace set clock_frozen_at = now() where workspace_id = 1");
      const [sleeper] = await addSleepers(db, 1, 60);
      // As fine as what the engine writes.
      await db.query("update run set wake_at = date_trunc('milliseconds', wake_at)");
      const own = waker(0);
      own.start();
      await until(async () => (await refsOf(db, "execute-transactional")).includes(sleeper ?? ""), 10);
      await db.query("delete from pgboss.job");
      await until(async () => {
        const [row] = await db.query("select from workspace where workspace_id = 1 and clock_target is null");
        return row !== undefined;
      }, 10);
      await own.stop();
      const stuck = await db.query(
        "select from workspace where workspace_id = 2 and clock_target is not null",
      );
      expect(stuck).toHaveLength(1);
      await db.query(
        "update workspace set clock_frozen_at = null, clock_offset_ms = 0 where workspace_id = 1",
      );
    });
  });

  it("does not sleep past a time it was given", async ({ db }) => {
    const own = waker(0);
    own.start();
    const sleepers = await addSleepers(db, 1, 0.2);
    own.expect(new Date(Date.now() + 200));

    // Without `expect` it would look again only after a second.
    await until(async () => (await refsOf(db, "execute-transactional")).length === 1, 5);
    await own.stop();
    expect(await refsOf(db, "execute-transactional")).toEqual(sleepers);
  });

  it("finds runs that another process put to sleep without notifying it", async ({ db }) => {
    const own = waker(0);
    own.start();
    await addSleepers(db, 1, 0);
    await until(async () => (await refsOf(db, "execute-transactional")).length === 1, 5);
    await own.stop();
    expect(await queued(db)).toHaveLength(1);
  });

  it("moves nothing once it has stopped", async ({ db }) => {
    const own = waker(0);
    own.start();
    await own.stop();
    own.expect(new Date());
    await addSleepers(db, 1, -1);

    expect(await queued(db)).toEqual([]);
  });
});
