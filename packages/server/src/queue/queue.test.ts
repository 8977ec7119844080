import { BegunError, ClaimLostError, type Handler, type Job, type Member, STAGES } from "./job.ts";
import { afterEach, describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import type { Db } from "../db/db.ts";
import { createSilentLog } from "../log.ts";
import { createQueue, type Queue } from "./queue.ts";

let nodes: Queue[] = [];
/** Refs that were handled or given up, in commit order. */
let handled: string[];
let given_up: { id: string; reason: string }[];
/** The error the handler throws for a job, if any. */
let fail: (job: Job) => Error | null;

it.beforeEach(async ({ db }) => {
  await db.query("delete from pgboss.job");
  handled = [];
  given_up = [];
  fail = () => null;
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

/** A node that handles execute jobs; `worker: false` only queues. */
async function start(
  db: Db,
  databaseUrl: string,
  more: Partial<Handler> & { worker?: boolean } = {},
): Promise<Queue> {
  const { worker = true, ...rest } = more;
  const node = createQueue({ db, url: databaseUrl, log: createSilentLog(), observe: () => {} });
  nodes.push(node);
  node.work("execute", {
    batch: { 0: 4, 1: 4, 2: 4 },
    loops: { 0: 1, 1: 1, 2: 1 },
    divisible: true,
    async handle(jobs, lane) {
      await db.tx(async (tx) => {
        await node.settle(tx, "execute", lane, jobs);
        for (const job of jobs) {
          const error = fail(job);
          if (error !== null) throw error;
          tx.afterCommit(() => handled.push(...job.refs.map(({ id }) => id)));
        }
      });
    },
    async giveUp(tx, { id }, error) {
      const reason = error instanceof Error ? error.message : "";
      tx.afterCommit(() => given_up.push({ id, reason }));
    },
    ...rest,
  });
  await node.start({ worker });
  return node;
}

const refs = (count: number, workspace_id = 1): Member[] =>
  Array.from({ length: count }, (_, index) => ({
    workspace_id,
    id: `run-${workspace_id}-${index}`,
    lane: 1,
  }));

const enqueue = (db: Db, node: Queue, list: Member[]) => db.tx((tx) => node.enqueue(tx, "execute", list));

interface JobRow {
  id: string;
  state: string;
  retry_count: number;
}

const jobs = (db: Db) =>
  db.query<JobRow>("select id, state, retry_count from pgboss.job where name = 'execute-transactional'");

/** Resolves when everything is handled or given up and no work is left; retries are made due at once. */
const drained = (db: Db, count: number) =>
  until(async () => {
    const left = (await jobs(db)).filter(({ state }) => state !== "completed");
    if (left.some(({ state }) => state === "retry")) {
      await db.query("update pgboss.job set start_after = now() - interval '1 second' where state = 'retry'");
      await db.query("notify carillon_wake, 'execute-transactional'");
    }
    return left.length === 0 && handled.length + given_up.length >= count;
  });

/** Leaves the jobs as a process does that is killed during its work. */
async function claimAndDie(db: Db, seconds_ago = 0): Promise<void> {
  await db.query(
    `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now() - make_interval(secs => $1)
      where state = 'created'`,
    [seconds_ago],
  );
}

describe("a job", () => {
  it("holds up to 100 refs, with the workspace of each", async ({ db, databaseUrl }) => {
    const seen: Job[] = [];
    const node = await start(db, databaseUrl, {
      handle: (jobs) =>
        db.tx(async (tx) => {
          seen.push(...jobs);
          await node.settle(tx, "execute", 1, jobs);
        }),
    });
    const mixed = refs(125, 1).flatMap((ref, index) => [
      ref,
      { workspace_id: 2, id: `other-${index}`, lane: 1 as const },
    ]);
    await enqueue(db, node, mixed);
    await until(async () => seen.length === 3);

    expect(seen.map((job) => job.refs.length).toSorted((left, right) => left - right)).toEqual([
      50, 100, 100,
    ]);
    const name = ({ workspace_id, id }: Pick<Member, "workspace_id" | "id">) => `${workspace_id} ${id}`;
    expect(seen.flatMap((job) => job.refs.map(name)).sort()).toEqual(mixed.map(name).sort());
  });

  it("holds up to 100 recipients, however many refs they are", async ({ db, databaseUrl }) => {
    const node = await start(db, databaseUrl);
    const weights = [60, 40, 1, 250, 50, 30, 20, 1];
    const members = weights.map((weight, index): Member => ({
      workspace_id: 1,
      id: `run-${index}`,
      lane: 1,
      weight,
    }));
    const planned = node.plan("execute", members);
    expect(planned.map(({ refs }) => refs.map(({ id }) => id.slice(4)).join())).toEqual([
      "0,1",
      "2",
      "3",
      "4,5,6",
      "7",
    ]);
  });

  it("exists exactly when the transaction that queued it committed", async ({ db, databaseUrl }) => {
    const node = await start(db, databaseUrl);
    await expect(
      db.tx(async (tx) => {
        await node.enqueue(tx, "execute", refs(3));
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    await enqueue(db, node, refs(1, 2));
    await drained(db, 1);

    expect(handled).toEqual(["run-2-0"]);
  });

  it("is not settled twice by two workers that both believe they hold it", async ({ db, databaseUrl }) => {
    const node = await start(db, databaseUrl, { worker: false });
    await enqueue(db, node, refs(1));
    await claimAndDie(db);
    const [row] = await jobs(db);
    const job: Job = { id: row?.id ?? "", tries: 0, refs: refs(1) };
    const settle = (work: () => Promise<unknown>) =>
      db.tx(async (tx) => {
        await node.settle(tx, "execute", 1, [job]);
        await work();
      });

    const fates = await Promise.allSettled([
      settle(() => db.query("select 1")),
      settle(() => db.query("select 1")),
    ]);

    expect(fates.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const lost = fates.find((fate) => fate.status === "rejected");
    expect(lost?.reason).toBeInstanceOf(ClaimLostError);
  });

  it("is waited for when the node stops", async ({ db, databaseUrl }) => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const node = await start(db, databaseUrl, {
      async handle(jobs, lane) {
        begun.resolve();
        await end.promise;
        await db.tx((tx) => node.settle(tx, "execute", lane, jobs));
      },
    });
    await enqueue(db, node, refs(1));
    await begun.promise;
    let stopped = false;
    nodes = [];
    const stopping = node.stop().then(() => (stopped = true));
    await db.query("select 1");

    expect(stopped).toBe(false);
    end.resolve();
    await stopping;
    expect(await jobs(db)).toMatchObject([{ state: "completed" }]);
  });
});

describe("work that fails", () => {
  it("is halved until the bad member is isolated, which is given up after five tries", async ({
    db,
    databaseUrl,
  }) => {
    const sizes: number[] = [];
    fail = (job) => {
      if (!job.refs.some(({ id }) => id === "run-1-41")) return null;
      sizes.push(job.refs.length);
      return new Error("poison");
    };
    const node = await start(db, databaseUrl);
    await enqueue(db, node, refs(100));
    await drained(db, 100);

    expect(handled).toHaveLength(99);
    expect(new Set(handled).size).toBe(99);
    expect(given_up).toEqual([{ id: "run-1-41", reason: "poison" }]);
    expect([...new Set(sizes)]).toEqual([100, 50, 25, 12, 6, 3, 2, 1]);
    expect((await jobs(db)).filter(({ retry_count }) => retry_count > 0)).toMatchObject([{ retry_count: 4 }]);
  });

  it("does not fail the other jobs of its batch", async ({ db, databaseUrl }) => {
    fail = (job) => (job.refs.length === 1 ? new Error("poison") : null);
    const node = await start(db, databaseUrl, { worker: false });
    for (const count of [2, 1, 3]) await enqueue(db, node, refs(count, count));
    await node.stop();
    nodes = [];
    await start(db, databaseUrl);
    await drained(db, 6);

    expect(handled.toSorted()).toEqual(["run-2-0", "run-2-1", "run-3-0", "run-3-1", "run-3-2"]);
    expect(given_up).toMatchObject([{ id: "run-1-0" }]);
  });

  it("stays one job where its rows refer to the job, and all its members are given up together", async ({
    db,
    databaseUrl,
  }) => {
    fail = () => new Error("poison");
    const node = await start(db, databaseUrl, { divisible: false });
    await enqueue(db, node, refs(3));
    await drained(db, 3);

    expect(given_up.map(({ id }) => id)).toEqual(["run-1-0", "run-1-1", "run-1-2"]);
    expect(await jobs(db)).toMatchObject([{ state: "completed", retry_count: 4 }]);
  });

  it("reports to the handler how often it was claimed before", async ({ db, databaseUrl }) => {
    const tries: number[] = [];
    fail = (job) => {
      tries.push(job.tries);
      return tries.length < 3 ? new Error("not yet") : null;
    };
    const node = await start(db, databaseUrl);
    await enqueue(db, node, refs(1));
    await drained(db, 1);

    expect(tries).toEqual([0, 1, 2]);
  });

  it("for a deadlock is tried again at once, as the same batch", async ({ db, databaseUrl }) => {
    let deadlocks = 0;
    fail = () => (deadlocks++ < 3 ? Object.assign(new Error("deadlock detected"), { code: "40P01" }) : null);
    const node = await start(db, databaseUrl);
    await enqueue(db, node, refs(10));
    await until(async () => handled.length === 10);

    expect(await jobs(db)).toMatchObject([{ state: "completed", retry_count: 0 }]);
  });

  it.for([
    ["ends", "57P01"],
    ["is away", "08006"],
    ["lets nobody in", "28000"],
    ["takes no writes", "25006"],
    ["has a locked table", "55P03"],
    ["has cut a statement short", "57014"],
    ["has no memory", "53200"],
  ])(
    "because the database %s is never given up, and does not count as tried",
    async ([_what, code], { db, databaseUrl }) => {
      const tries: number[] = [];
      fail = (job) => {
        tries.push(job.tries);
        return tries.length <= 6 ? Object.assign(new Error("unfit"), { code }) : null;
      };
      const node = await start(db, databaseUrl, { divisible: false });
      await enqueue(db, node, refs(3));
      await drained(db, 3);

      expect(handled).toHaveLength(3);
      expect(given_up).toEqual([]);
      expect(tries).toEqual([0, 0, 0, 0, 0, 0, 0]);
    },
  );

  it("because a chunk is more than a time limit of the database allows is done in smaller parts", async ({
    db,
    databaseUrl,
  }) => {
    fail = (job) => (job.refs.length > 30 ? Object.assign(new Error("too long"), { code: "57014" }) : null);
    const node = await start(db, databaseUrl);
    await enqueue(db, node, refs(100));
    await drained(db, 100);

    expect(new Set(handled).size).toBe(100);
    expect(given_up).toEqual([]);
  });

  it("after it has left the process counts as begun, whatever has failed", async ({ db, databaseUrl }) => {
    const tries: number[] = [];
    fail = (job) => {
      tries.push(job.tries);
      const cause = Object.assign(new Error("unfit"), { code: "57014" });
      return tries.length < 3 ? new BegunError("sent and not written", { cause }) : null;
    };
    const node = await start(db, databaseUrl, { divisible: false });
    await enqueue(db, node, refs(1));
    await drained(db, 1);

    expect(tries).toEqual([0, 1, 2]);
  });
});

describe("work claimed by a killed process", () => {
  it("is freed at once by a node that starts alone, and counts as tried", async ({ db, databaseUrl }) => {
    const queue = await start(db, databaseUrl, { worker: false });
    await enqueue(db, queue, refs(3));
    await claimAndDie(db);
    const tries: number[] = [];
    fail = (job) => {
      tries.push(job.tries);
      return null;
    };
    await start(db, databaseUrl);

    // Its heartbeat would take twice as long to expire.
    await until(async () => handled.length === 3, 5);
    expect(tries).toEqual([1]);
  });

  it("is not freed by a second node that starts until its heartbeat has stopped", async ({
    db,
    databaseUrl,
  }) => {
    const queue = await start(db, databaseUrl, { worker: false });
    await start(db, databaseUrl);
    // Queued and claimed in one transaction: the live node never sees it waiting.
    await db.tx(async (tx) => {
      await queue.enqueue(tx, "execute", refs(3));
      await tx.query(
        "update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now() where state = 'created'",
      );
    });
    await start(db, databaseUrl);
    expect(await jobs(db)).toMatchObject([{ state: "active" }]);

    await db.query("update pgboss.job set heartbeat_on = now() - interval '1 minute' where state = 'active'");
    // Supervision runs every few seconds; makes sure that its next run is not skipped as too soon.
    await db.query("update pgboss.queue set monitor_claim_on = null, monitor_on = null");
    await until(async () => handled.length === 3);
    expect(await jobs(db)).toMatchObject([{ state: "completed", retry_count: 1 }]);
  });
});

describe("work that kills its workers", () => {
  /** Every process that claims the job dies; the next one starts again. */
  async function die(db: Db, times: number): Promise<void> {
    await db.query("update pgboss.job set retry_count = retry_count + $1", [times]);
  }

  it("is halved without being tried as a whole again", async ({ db, databaseUrl }) => {
    const queue = await start(db, databaseUrl, { worker: false });
    await enqueue(db, queue, refs(8));
    await die(db, 3);
    const sizes: number[] = [];
    fail = (job) => {
      sizes.push(job.refs.length);
      return null;
    };
    await start(db, databaseUrl);
    await drained(db, 8);

    expect(handled).toHaveLength(8);
    expect(Math.max(...sizes)).toBe(4);
  });

  it("is given up in the end, and not passed to the handler again", async ({ db, databaseUrl }) => {
    const queue = await start(db, databaseUrl, { worker: false });
    await enqueue(db, queue, refs(1));
    await die(db, 25);
    await start(db, databaseUrl);
    await drained(db, 1);

    expect(handled).toEqual([]);
    expect(given_up).toMatchObject([{ id: "run-1-0", reason: "it was begun 25 times and never finished" }]);
  });
});

describe("the lock that shows that a node is alive", () => {
  it("is taken again when its connection breaks, and frees no live work", async ({ db, databaseUrl }) => {
    const queue = await start(db, databaseUrl, { worker: false });
    await start(db, databaseUrl);
    const holders = () =>
      db.query<{ pid: number }>(
        `select pid from pg_locks where locktype = 'advisory' and objid = 4150913 and granted
            and database = (select oid from pg_database where datname = current_database())`,
      );
    const [before] = await holders();
    await db.query("select pg_terminate_backend($1)", [before?.pid]);
    await until(async () => {
      const now = await holders();
      return now.length === 1 && now[0]?.pid !== before?.pid;
    });

    // A node that starts now is not alone, and frees nothing.
    await db.tx(async (tx) => {
      await queue.enqueue(tx, "execute", refs(1));
      await tx.query(
        "update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now() where state = 'created'",
      );
    });
    await start(db, databaseUrl);
    expect(await jobs(db)).toMatchObject([{ state: "active" }]);
  });
});

describe("measuring the queues", () => {
  it("counts waiting and active jobs, and finds the oldest", async ({ db, databaseUrl }) => {
    const node = await start(db, databaseUrl, { worker: false });
    await enqueue(db, node, refs(1));
    await claimAndDie(db);
    await enqueue(db, node, refs(150));
    await db.query(
      "update pgboss.job set created_on = now() - interval '90 seconds' where state = 'created'",
    );

    const depths = await node.measure();
    expect(depths).toHaveLength(3 * STAGES.length);
    const depth = depths.find(({ stage, lane }) => stage === "execute" && lane === 1);
    expect(depth).toMatchObject({ waiting: 2, active: 1 });
    expect(depth?.oldest_seconds).toBeGreaterThanOrEqual(90);
    expect(depths.filter(({ waiting, active }) => waiting + active > 0)).toHaveLength(1);
  });
});
