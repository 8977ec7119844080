import { afterAll, describe, expect, vi } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until, SECRET_KEY } from "../../test/harness.ts";
import { delay, sms } from "../../test/pipeline.ts";
import { configSchema } from "../config.ts";
import { createIdSource } from "../ids.ts";
import { createSilentLog } from "../log.ts";
import { dropExpired } from "../maintenance/drop-expired-partitions.ts";
import { makePartitions } from "../maintenance/make-partitions.ts";
import { createDb, type Db } from "./db.ts";
import { dropExpiredPartitions, ensurePartitions } from "./partitions.ts";

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const TABLES = ["message", "message_event", "request", "run"];
const RETENTION = { request_days: 30, run_days: 30, message_days: 90 };

/** Connections of two nodes. */
let db: Db;
let other: Db;

it.beforeAll(async ({ harness }) => {
  [db, other] = [1, 2].map(() => createDb({ url: harness.databaseUrl, max: 4, onError: () => {} })) as [
    Db,
    Db,
  ];
});
afterAll(async () => {
  await db.close();
  await other.close();
});

/** The week of a time, in the format of partition names. */
function weekOf(ms: number): string {
  return `w${new Date(Math.floor(ms / WEEK_MS) * WEEK_MS).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

async function partitionsOf(table: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1",
    [table],
  );
  return rows.map(({ name }) => name);
}

/**
 * Inserts rows into `message_event`, which has the fewest columns, at these times; returns a function for their
 * partitions.
 */
async function addEvents(...times: number[]): Promise<() => Promise<string[]>> {
  const message_ids = times.map((ms) => createIdSource(() => ms).ulid());
  await db.query(
    `insert into message_event (workspace_id, message_id, at, kind)
     select 1, id, to_timestamp(ms / 1000), 'attempt_failed' from unnest($1::text[], $2::float8[]) as t(id, ms)`,
    [message_ids, times],
  );
  return async () => {
    const rows = await db.query<{ message_id: string; place: string }>(
      "select message_id, tableoid::regclass::text as place from message_event where message_id = any($1)",
      [message_ids],
    );
    return message_ids.map((id) => rows.find(({ message_id }) => message_id === id)?.place ?? "gone");
  };
}

/** A pass at some time that drops all it finds. */
const drop = (node: Db, at: number) => dropExpiredPartitions(node, RETENTION, { at, most: 1000 });

describe("partitions ahead", () => {
  it("are there for this week and the next four, in every table", async () => {
    const now = Date.now();
    await ensurePartitions(db, now);
    for (const table of TABLES) {
      const weeks = [0, 1, 2, 3, 4].map((week) => `${table}_${weekOf(now + week * WEEK_MS)}`);
      expect(await partitionsOf(table)).toEqual(expect.arrayContaining([...weeks, `${table}_default`]));
      expect(await partitionsOf(table)).toHaveLength(6);
    }
  });

  it("have the primary key and the indexes of their table", async () => {
    const indexesOf = async (table: string) =>
      (
        await db.query<{ columns: string; is_primary: boolean; predicate: string | null }>(
          `select indkey::text as columns, indisprimary as is_primary, pg_get_expr(indpred, indrelid) as predicate
             from pg_index where indrelid = $1::regclass order by 1, 2, 3`,
          [table],
        )
      ).map((index) => ({ ...index }));
    for (const table of TABLES) {
      const expected = await indexesOf(table);
      expect(expected.length).toBeGreaterThan(0);
      expect(await indexesOf(`${table}_${weekOf(Date.now())}`)).toEqual(expected);
    }
  });

  it("are made once when two nodes make them at the same moment", async () => {
    const now = Date.now() + 20 * WEEK_MS;
    const passes = await Promise.all([db, other, db, other].map((node) => ensurePartitions(node, now)));
    const made = passes.flatMap(({ changed }) => changed);
    expect(made).toHaveLength(5 * TABLES.length);
    expect(new Set(made).size).toBe(made.length);
    expect(await ensurePartitions(db, now)).toEqual({ changed: [], busy: [] });
  });

  it("wait for the next pass if a table is busy, and block nobody meanwhile", async () => {
    const now = Date.now() + 40 * WEEK_MS;
    await other.tx(async (backup) => {
      await backup.query("lock table run in access share mode");
      const { changed, busy } = await ensurePartitions(db, now);
      expect(busy).toEqual(["run"]);
      expect(changed).toHaveLength(5 * (TABLES.length - 1));
      expect(await partitionsOf("run")).not.toContain(`run_${weekOf(now)}`);
    });
    expect((await ensurePartitions(db, now)).changed).toHaveLength(5);
  });
});

describe("a row", () => {
  const week = Math.floor(Date.now() / WEEK_MS) * WEEK_MS;

  it.each([
    ["now", Date.now()],
    ["the first millisecond of a week", week + WEEK_MS],
    ["the last millisecond of a week", week + 2 * WEEK_MS - 1],
    ["four weeks ahead", week + 4 * WEEK_MS],
  ])("of %s lies in the partition of its week", async (_when, ms) => {
    const places = await addEvents(ms);
    expect(await places()).toEqual([`message_event_${weekOf(ms)}`]);
  });

  it.each([
    ["1970", 0],
    ["last year", week - 52 * WEEK_MS],
    ["ten years ahead", week + 520 * WEEK_MS],
    ["the last time that an id can hold", 2 ** 48 - 1],
  ])("of %s lies in the default partition", async (_when, ms) => {
    const places = await addEvents(ms);
    expect(await places()).toEqual(["message_event_default"]);
  });

  it("in the default partition moves to its week once that has a partition", async () => {
    const soon = week + 60 * WEEK_MS;
    const places = await addEvents(soon, soon + WEEK_MS, soon + 30 * WEEK_MS);
    expect(new Set(await places())).toEqual(new Set(["message_event_default"]));
    await ensurePartitions(db, soon);
    expect(await places()).toEqual([
      `message_event_${weekOf(soon)}`,
      `message_event_${weekOf(soon + WEEK_MS)}`,
      "message_event_default",
    ]);
  });
});

describe("retention", () => {
  /** Far from the weeks of the other tests; each test uses years of its own. */
  let now = Date.now() + 200 * WEEK_MS;

  it.beforeEach(async ({ pipeline }) => {
    now += 200 * WEEK_MS;
    // The passes of earlier tests have dropped this week.
    await ensurePartitions(db);
    await pipeline.addTemplate("text");
  });

  /** A maintenance pass, `days` after the rows that the pipeline just wrote. */
  async function passAfter(days: number): Promise<string[]> {
    const { changed, busy } = await drop(db, Date.now() + days * DAY_MS);
    expect(busy).toEqual([]);
    return changed;
  }

  it("drops a week only when its youngest row is old enough", async () => {
    const week = Math.floor(now / WEEK_MS) * WEEK_MS;
    await ensurePartitions(db, week);
    const places = await addEvents(week, week + WEEK_MS);
    const end = week + WEEK_MS + RETENTION.message_days * DAY_MS;
    await drop(db, end - 1);
    expect(await places()).toEqual([
      `message_event_${weekOf(week)}`,
      `message_event_${weekOf(week + WEEK_MS)}`,
    ]);
    const { changed } = await drop(db, end);
    expect(changed).toContain(`message_event_${weekOf(week)}`);
    expect(await places()).toEqual(["gone", `message_event_${weekOf(week + WEEK_MS)}`]);
    // The ninety days of messages exceed the thirty of runs.
    expect(await partitionsOf("message")).toContain(`message_${weekOf(week + WEEK_MS)}`);
    expect(await partitionsOf("run")).not.toContain(`run_${weekOf(week + WEEK_MS)}`);
  });

  it("does nothing the second time, nor when two nodes do it at once", async () => {
    await ensurePartitions(db, now);
    const later = now + 400 * DAY_MS;
    const passes = await Promise.all([db, other].map((node) => drop(node, later)));
    const dropped = passes.flatMap(({ changed }) => changed);
    expect(dropped.filter((name) => name.endsWith(weekOf(now)))).toHaveLength(TABLES.length);
    expect(new Set(dropped).size).toBe(dropped.length);
    expect(await drop(db, later)).toEqual({ changed: [], busy: [], young: [], left: [] });
  });

  it("leaves a busy table for the next pass", async () => {
    await ensurePartitions(db, now);
    const later = now + WEEK_MS + 31 * DAY_MS;
    await other.tx(async (backup) => {
      await backup.query("lock table run in access share mode");
      const { changed, busy } = await drop(db, later);
      expect(busy).toEqual(["run"]);
      expect(changed).toContain(`request_${weekOf(now)}`);
      expect(await partitionsOf("run")).toContain(`run_${weekOf(now)}`);
    });
    expect((await drop(db, later)).changed).toContain(`run_${weekOf(now)}`);
  });

  it("keeps a sleeping run and its request, which still wakes and finishes, and removes both after that", async ({
    pipeline,
    workers,
  }) => {
    let clock = new Date();
    const worker = await workers.start({ clock: async () => clock });
    await pipeline.commit("once", [sms("only")]);
    await pipeline.commit("yearly", [sms("first"), delay("year", "365d"), sms("second")]);
    const recipients = [{ distinct_id: "ann", $sms: "+14155550100" }];
    const gone = await pipeline.trigger({ workflow: "once", recipients });
    await pipeline.finished(1);
    const kept = await pipeline.trigger({ workflow: "yearly", recipients });
    await until(async () => (await pipeline.runs()).some(({ wake_at }) => wake_at !== null));
    await until(async () => (await pipeline.messages()).every(({ status }) => status === "sent_by_vendor"));

    await passAfter(40);
    const [asleep, ...more] = await pipeline.runs();
    expect(more).toEqual([]);
    expect(asleep).toMatchObject({ request_id: kept, status: "in_progress" });
    expect((await pipeline.requests()).map(({ id }) => id)).toEqual([kept]);
    expect(gone).not.toBe(kept);
    expect(await pipeline.messages()).toHaveLength(2);

    await passAfter(100);
    expect(await pipeline.messages()).toEqual([]);
    expect(await pipeline.runs()).toEqual([asleep]);

    clock = new Date(Date.now() + 366 * DAY_MS);
    expect(await worker.wake()).toBe(1);
    const [finished] = await until(async () => {
      const runs = await pipeline.runs();
      return runs.every(({ status }) => status !== "in_progress") ? runs : null;
    });
    expect(finished).toMatchObject({ status: "completed", request_id: kept });
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toEqual(["second"]);

    await passAfter(400);
    expect(await pipeline.runs()).toEqual([]);
    // A request is kept for its runs: it is removed in the pass that finds them finished.
    expect(await pipeline.requests()).toEqual([]);
  });

  it("keeps a request that is not expanded yet, which still gets its runs", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("only")]);
    const id = await pipeline.trigger({
      workflow: "hello",
      recipients: [{ distinct_id: "ann", $sms: "+14155550100" }],
    });
    await passAfter(60);
    expect((await pipeline.requests()).map((request) => request.id)).toEqual([id]);
    await workers.start();
    expect(await pipeline.finished(1)).toMatchObject([{ request_id: id, status: "completed" }]);
  });

  it("keeps a message that waits for its next attempt", async ({ pipeline, workers }) => {
    await workers.start();
    await pipeline.commit("hello", [sms("only")]);
    // The simulator temporarily refuses numbers with this ending.
    await pipeline.trigger({
      workflow: "hello",
      recipients: [{ distinct_id: "ann", $sms: "+14155550003" }],
    });
    const waiting = await until(async () => {
      const messages = await pipeline.messages();
      return messages.some(({ next_attempt_at }) => next_attempt_at !== null) ? messages : null;
    });
    await workers.stop();
    await passAfter(200);
    expect(await pipeline.messages()).toMatchObject([{ id: waiting[0]?.id, status: "triggered" }]);
  });

  it("clears the default partition of rows that grew old in it, and only of those", async () => {
    const places = await addEvents(0, now - 100 * DAY_MS, now - 80 * DAY_MS, now + 500 * WEEK_MS);
    await drop(db, now);
    expect(await places()).toEqual(["gone", "gone", "message_event_default", "message_event_default"]);
  });
});

describe("a clock that is wrong", () => {
  it("of a worker, 45 days ahead, drops nothing that the database calls young", async () => {
    const log = createSilentLog();
    const complaints: string[] = [];
    const job = {
      db,
      log: { ...log, error: (_fields: object, text: string) => void complaints.push(text) },
      config: configSchema.parse({ SECRET_KEY }),
    };
    await ensurePartitions(db);
    const places = await addEvents(Date.now());
    const before = await Promise.all(TABLES.map(partitionsOf));
    const ahead = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 45 * DAY_MS);
    try {
      await makePartitions.run(job);
      await dropExpired.run(job);
    } finally {
      ahead.mockRestore();
    }
    expect(await Promise.all(TABLES.map(partitionsOf))).toEqual(before);
    expect(await places()).toEqual([`message_event_${weekOf(Date.now())}`]);
    expect(complaints).toEqual(["this machine's clock is not the database's; correct it"]);
  });

  it("of the process that made an id, far behind, costs its row nothing: the database has just stored it", async () => {
    const old = Date.now() - 52 * WEEK_MS;
    await ensurePartitions(db, old);
    const ids = [old, old - 52 * WEEK_MS].map((ms) => createIdSource(() => ms).ulid());
    await db.query(
      "insert into message_event (workspace_id, message_id, at, kind) select 1, id, now(), 'attempt_failed' from unnest($1::text[]) id",
      [ids],
    );
    const { young } = await dropExpiredPartitions(db, RETENTION);
    expect(young).toEqual([`message_event_${weekOf(old)}`]);
    const left = await db.query("select from message_event where message_id = any($1)", [ids]);
    expect(left).toHaveLength(2);
  });

  it("of the database, years ahead, costs a few weeks and not the whole history", async () => {
    const start = Date.now() + 5000 * WEEK_MS;
    for (const weeks of [0, 5, 10]) await ensurePartitions(db, start + weeks * WEEK_MS);
    const later = start + 500 * WEEK_MS;
    await drop(db, start);
    const { changed, left } = await dropExpiredPartitions(db, RETENTION, { at: later });
    const ofRuns = (names: string[]) => names.filter((name) => name.startsWith("run_"));
    expect(ofRuns(changed)).toHaveLength(4);
    expect(ofRuns(left)).toHaveLength(11);
  });
});

describe("the partition of a new week, while it is empty", () => {
  it.each(["message", "request", "run"])("of %s is looked up by its primary key alone", async (table) => {
    const plan = await db.tx(async (tx) => {
      // No plan reads a partition whole when there are large ones of other weeks.
      for (const setting of [
        "plan_cache_mode to force_generic_plan",
        "enable_seqscan to off",
        "enable_hashjoin to off",
      ])
        await tx.query(`set local ${setting}`);
      const type = table === "request" ? "uuid" : "text";
      await tx.query(
        `prepare by_key (int[], ${type}[]) as
           select t.* from unnest($1, $2) as k(workspace_id, id)
             join ${table} t on t.workspace_id = k.workspace_id and t.id = k.id`,
      );
      const rows = await tx.query<{ "QUERY PLAN": string }>("explain execute by_key('{1}', '{}')");
      await tx.query("deallocate by_key");
      return rows.map((row) => row["QUERY PLAN"]);
    });
    const scans = plan.filter((line) => line.includes(" on ") && line.includes(`${table}_`));
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) expect(scan).toMatch(/_pkey\b/);
  });

  it("has no other index that could be taken for it", async () => {
    const rows = await db.query<{ name: string }>(
      `select i.indexrelid::regclass::text as name
         from pg_index i
         join pg_class c on c.oid = i.indrelid and c.relkind = 'p'
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where not i.indisprimary and i.indpred is null and a.attname = 'workspace_id'
          and exists (select from pg_index k where k.indrelid = i.indrelid and k.indisprimary)`,
    );
    expect(rows).toEqual([]);
  });
});
