import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { overlap } from "../../test/overlap.ts";
import type { Db, Tx } from "../db/db.ts";
import { applyReceipts } from "../delivery/receipts.ts";
import { createIdSource } from "../ids.ts";
import { type DueStep, DUE_STEPS, insertSteps, leaseSteps, passTurns, takeDueSteps } from "./steps.ts";
import { cancelRouting, closeByEvents, forgetGoals, insertGoals } from "./success.ts";

/* Steps statement by statement: how the waker, reports and cancels affect each other. */

const ids = createIdSource();
const BEGUN = new Date("2030-01-01T00:00:00Z");
const MINUTE = 60_000;
const JOB = "00000000-0000-4000-8000-000000000001";

it.beforeEach(async ({ db }) => {
  await db.query("truncate message, smart_step, smart_goal");
  await db.query("delete from workspace");
  await db.query(
    `insert into workspace (workspace_id, uid, slug, name, mode, inbox_secret, clock_frozen_at) overriding system value
     values (1, 'one', 'one', 'One', 'sandbox', '', $1), (2, 'two', 'two', 'Two', 'sandbox', '', $1)`,
    [BEGUN],
  );
});

interface Routing {
  run: string;
  /** By step; the first was sent at once. */
  messages: string[];
}

/** A sent message, and others whose turns come half an hour apart. */
async function addRouting(
  db: Db,
  { count = 3, workspace_id = 1, metric = "seen", is_event = false } = {},
): Promise<Routing> {
  const run = ids.ulid();
  const made = Array.from({ length: count }, () => ids.ulid());
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, channel, status, idempotency_key, smart_step, success_metric,
                          success_is_event)
     select $1, id, $3, 'w', 'v', 'n', 'c', 1, 'default', 'ann', 'sms',
            case ordinal when 1 then 'sent_by_vendor' else 'to_be_triggered' end, '', ordinal, $4, $5
       from unnest($2::text[]) with ordinality as m(id, ordinal)`,
    [workspace_id, made, run, metric, is_event],
  );
  await insertSteps(
    db,
    made.slice(1).map((message_id, index) => ({
      workspace_id,
      message_id,
      execution_id: run,
      node_ref: "n",
      step: index + 2,
      begun_at: BEGUN,
      due_at: new Date(BEGUN.getTime() + (index + 1) * 30 * MINUTE),
      gap_ms: 30 * MINUTE,
      is_stored: false,
    })),
  );
  return { run, messages: made };
}

const pass = (db: Db, minutes: number, workspace_id = 1) =>
  db.query(
    "update workspace set clock_frozen_at = $2::timestamptz + make_interval(mins => $3) where workspace_id = $1",
    [workspace_id, BEGUN, minutes],
  );

const statusesOf = async (db: Db, { messages }: Routing) => {
  const rows = await db.query<{ id: string; status: string }>("select id, status from message");
  return messages.map((id) => rows.find((row) => row.id === id)?.status);
};

const minutesLeft = async (db: Db) =>
  (
    await db.query<{ minutes: number }>(
      "select extract(epoch from due_at - begun_at)::float8 / 60 as minutes from smart_step order by step",
    )
  ).map(({ minutes }) => minutes);

const seen =
  (message_id = "", workspace_id = 1) =>
  (tx: Tx) =>
    applyReceipts(tx, [{ workspace_id, message_id, status: "seen", reason: null }]);

async function send(tx: Tx): Promise<DueStep[]> {
  const due = await takeDueSteps(tx, null);
  const going = due.filter(({ fate }) => fate === "send");
  await leaseSteps(
    tx,
    going.map((step) => ({ ...step, lease: JOB })),
  );
  return due;
}

const undo = new Error("undone");
/** Runs work in a transaction that is rolled back. */
const undone = (db: Db, work: (tx: Tx) => Promise<unknown>) =>
  expect(
    db.tx(async (tx) => {
      await work(tx);
      throw undo;
    }),
  ).rejects.toBe(undo);

describe("a due step", () => {
  it("is due in the time of its workspace, and no earlier", async ({ db }) => {
    const routing = await addRouting(db);
    await addRouting(db, { workspace_id: 2 });
    await pass(db, 29);
    expect(await db.tx(send)).toEqual([]);
    await pass(db, 30);
    expect(await db.tx(send)).toMatchObject([
      { id: routing.messages[1], fate: "send", late_ms: 0, waited_seconds: 1800, lane: 1 },
    ]);
  });

  it("is taken centuries late, too, beside those of others: no clock stops the statement that all share", async ({
    db,
  }) => {
    const [late, other] = [await addRouting(db), await addRouting(db, { workspace_id: 2 })];
    await db.query("update workspace set clock_frozen_at = '2200-01-01Z' where workspace_id = 1");
    await pass(db, 30, 2);
    const due = await db.tx(send);
    expect(new Set(due.map(({ id }) => id))).toEqual(new Set([late.messages[1], other.messages[1]]));
    expect(due.find(({ workspace_id }) => workspace_id === 1)?.waited_seconds).toBe(2_147_483_647);
  });

  it("precedes the later ones of its node, even while another transaction holds it", async ({ db }) => {
    const { messages } = await addRouting(db, { count: 4 });
    await pass(db, 200);
    await overlap(
      db,
      async (tx) => expect((await takeDueSteps(tx, null)).map(({ id }) => id)).toEqual([messages[1]]),
      async (tx) => expect(await takeDueSteps(tx, null)).toEqual([]),
    );
  });

  it("is taken again when its holder died", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await undone(db, send);
    expect(await statusesOf(db, routing)).toEqual(["sent_by_vendor", "to_be_triggered", "to_be_triggered"]);
    expect(await db.tx(send)).toHaveLength(1);
    expect(await statusesOf(db, routing)).toEqual(["sent_by_vendor", "triggered", "to_be_triggered"]);
  });

  it("whose message has another status is over", async ({ db }) => {
    const { messages } = await addRouting(db);
    await pass(db, 30);
    await db.query("update message set status = 'trigger_blocked' where id = $1", [messages[1]]);
    expect(await db.tx(takeDue)).toMatchObject([{ fate: "over" }]);
  });
});

const takeDue = (tx: Tx) => takeDueSteps(tx, null);

describe("a report and the waker at the same moment", () => {
  it("do not wait for each other: what the waker holds is sent, the rest is cancelled", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await overlap(db, send, seen(routing.messages[0]));
    expect(await statusesOf(db, routing)).toEqual(["seen", "triggered", "not_to_be_triggered"]);
    expect(await minutesLeft(db)).toEqual([]);
  });

  it("do not wait for each other: what the report holds is not sent", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await overlap(db, seen(routing.messages[0]), async (tx) => expect(await send(tx)).toEqual([]));
    expect(await statusesOf(db, routing)).toEqual(["seen", "not_to_be_triggered", "not_to_be_triggered"]);
  });

  it("leave no step when the waker died with one that the report had to skip", async ({ db }) => {
    const routing = await addRouting(db, { count: 2 });
    await pass(db, 30);
    await undone(db, async (tx) => {
      await send(tx);
      await db.tx(seen(routing.messages[0]));
    });
    expect(await statusesOf(db, routing)).toEqual(["seen", "to_be_triggered"]);
    expect(await db.tx(takeDue)).toMatchObject([{ fate: "reached" }]);
  });

  it("leave the step due when the report was rolled back", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await undone(db, seen(routing.messages[0]));
    expect(await db.tx(takeDue)).toMatchObject([{ id: routing.messages[1], fate: "send" }]);
  });

  it("are not blocked by a lock on the pending message", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    const hold = (tx: Tx) =>
      tx.query("select 1 from message where id = $1 for update", [routing.messages[1]]);
    await overlap(db, hold, async (tx) => expect(await send(tx)).toEqual([]));
    await overlap(db, hold, seen(routing.messages[0]));
    expect(await statusesOf(db, routing)).toEqual(["seen", "to_be_triggered", "not_to_be_triggered"]);
    expect(await db.tx(takeDue)).toMatchObject([{ fate: "reached" }]);
  });
});

describe("a report", () => {
  it("closes many routings at once, and none of another run, node or workspace", async ({ db }) => {
    const closed = await Promise.all(Array.from({ length: 50 }, () => addRouting(db)));
    const other = await addRouting(db);
    const elsewhere = await addRouting(db, { workspace_id: 2 });
    await db.tx((tx) =>
      applyReceipts(
        tx,
        closed.map(({ messages: [message_id = ""] }) => ({
          workspace_id: 1,
          message_id,
          status: "clicked",
          reason: null,
        })),
      ),
    );
    for (const routing of closed) {
      expect(await statusesOf(db, routing)).toEqual([
        "clicked",
        "not_to_be_triggered",
        "not_to_be_triggered",
      ]);
    }
    for (const routing of [other, elsewhere]) {
      expect(await statusesOf(db, routing)).toEqual(["sent_by_vendor", "to_be_triggered", "to_be_triggered"]);
    }
    expect(
      await db.query(
        "select distinct success_achieved_at is not null as yes, smart_step from message where success_achieved_at is not null",
      ),
    ).toEqual([{ yes: true, smart_step: 1 }]);
  });

  it("records once when success was achieved", async ({ db }) => {
    const { messages } = await addRouting(db, { count: 1 });
    const achieved = async () => (await db.query("select success_achieved_at as at from message"))[0];
    await db.tx(seen(messages[0]));
    const first = await achieved();
    expect(first).toEqual({ at: expect.any(Date) });
    await db.tx((tx) =>
      applyReceipts(tx, [
        { workspace_id: 1, message_id: messages[0] ?? "", status: "clicked", reason: null },
      ]),
    );
    expect(await achieved()).toEqual(first);
  });
});

describe("a step that sent nothing", () => {
  const fail = (db: Db, id = "") =>
    db.query("update message set status = 'trigger_failed' where id = $1", [id]);
  const passTurn = (db: Db, id = "") => db.tx((tx) => passTurns(tx, [{ workspace_id: 1, id }]));

  it("gives its turn to the next, and the others move up", async ({ db }) => {
    const { messages } = await addRouting(db, { count: 4 });
    await fail(db, messages[0]);
    await passTurn(db, messages[0]);
    expect(await minutesLeft(db)).toEqual([0, 30, 60]);
  });

  it("that failed after the next one was sent changes nothing", async ({ db }) => {
    const { messages } = await addRouting(db, { count: 4 });
    await pass(db, 30);
    await db.tx(send);
    await fail(db, messages[0]);
    await passTurn(db, messages[0]);
    expect(await minutesLeft(db)).toEqual([60, 90]);
  });

  it("whose next step is being sent right now changes nothing", async ({ db }) => {
    const { messages } = await addRouting(db, { count: 4 });
    await pass(db, 30);
    await fail(db, messages[0]);
    await overlap(db, send, (tx) => passTurns(tx, [{ workspace_id: 1, id: messages[0] ?? "" }]));
    expect(await minutesLeft(db)).toEqual([60, 90]);
  });

  it("but was reported to have arrived, keeps its turn", async ({ db }) => {
    const { messages } = await addRouting(db);
    await passTurn(db, messages[0]);
    expect(await minutesLeft(db)).toEqual([30, 60]);
  });
});

describe("cancelling a run", () => {
  it("waits for the step that is being sent, and cancels the others", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await overlap(db, send, (tx) => cancelRouting(tx, [{ workspace_id: 1, id: routing.run }]));
    expect(await statusesOf(db, routing)).toEqual(["sent_by_vendor", "triggered", "not_to_be_triggered"]);
  });

  it("leaves nothing to send for a waker that comes second", async ({ db }) => {
    const routing = await addRouting(db);
    await pass(db, 30);
    await overlap(
      db,
      (tx) => cancelRouting(tx, [{ workspace_id: 1, id: routing.run }]),
      async (tx) => expect(await send(tx)).toEqual([]),
    );
    expect(await statusesOf(db, routing)).toEqual([
      "sent_by_vendor",
      "not_to_be_triggered",
      "not_to_be_triggered",
    ]);
  });
});

describe("an event", () => {
  const goal = ({ run }: Routing, until = new Date(BEGUN.getTime() + 120 * MINUTE)) => ({
    workspace_id: 1,
    execution_id: run,
    node_ref: "n",
    key: "ann",
    topic: "paid",
    until,
  });
  const paid = (changes: object = {}) => ({
    workspace_id: 1,
    topic: "PAID",
    key: "ann",
    at: BEGUN,
    received_at: null,
    ...changes,
  });
  const hear = (db: Db, ...events: ReturnType<typeof paid>[]) => db.tx((tx) => closeByEvents(tx, events));

  it("closes every routing that waits for it, once", async ({ db }) => {
    const routings = [
      await addRouting(db, { metric: "paid", is_event: true }),
      await addRouting(db, { metric: "paid", is_event: true }),
    ];
    await insertGoals(
      db,
      routings.map((routing) => goal(routing)),
    );
    await overlap(
      db,
      (tx) => closeByEvents(tx, [paid(), paid()]),
      (tx) => closeByEvents(tx, [paid()]),
    );
    for (const routing of routings) {
      expect(await statusesOf(db, routing)).toEqual([
        "sent_by_vendor",
        "not_to_be_triggered",
        "not_to_be_triggered",
      ]);
    }
    expect(await db.query("select 1 from smart_goal")).toEqual([]);
  });

  it.for<[string, object]>([
    ["of another workspace", { workspace_id: 2 }],
    ["of another user", { key: "bob" }],
    ["of another name", { topic: "paid " }],
    ["with the name of a prototype's key", { topic: "__proto__", key: "constructor" }],
    ["that was received before it began", { received_at: new Date(0) }],
    ["that came after its time", { at: new Date(BEGUN.getTime() + 121 * MINUTE) }],
  ])("%s closes nothing", async ([_title, changes], { db }) => {
    const routing = await addRouting(db, { metric: "paid", is_event: true });
    await insertGoals(db, [goal(routing)]);
    await hear(db, paid(changes));
    expect(await statusesOf(db, routing)).toEqual(["sent_by_vendor", "to_be_triggered", "to_be_triggered"]);
  });

  it("is deleted when its time is over in the workspace's own time", async ({ db }) => {
    await insertGoals(db, [goal(await addRouting(db))]);
    await forgetGoals(db);
    expect(await db.query("select 1 from smart_goal")).toHaveLength(1);
    await pass(db, 121);
    await forgetGoals(db);
    expect(await db.query("select 1 from smart_goal")).toEqual([]);
  });
});

describe("a hundred thousand pending steps", () => {
  it("are found by time through their index, and those of a node through theirs", async ({ db }) => {
    await db.query(
      `insert into smart_step (workspace_id, message_id, execution_id, node_ref, step, begun_at, due_at, gap_ms, is_stored)
       select 1 + n % 2, 'm' || n, 'r' || n / 3, 'n', 2 + n % 3, $1::timestamptz, $1::timestamptz + n * interval '1 second', 1000, true
         from generate_series(1, 100000) n`,
      [BEGUN],
    );
    await db.query("analyze smart_step, workspace");
    const explain = async (text: string, values: unknown[]) =>
      (await db.query<{ "QUERY PLAN": string }>(`explain (analyze, buffers, timing off) ${text}`, values))
        .map((row) => row["QUERY PLAN"])
        .join("\n");

    const due = await explain(DUE_STEPS, [null, null, []]);
    expect(due).toContain("Index Scan using smart_step_due");
    expect(due).not.toContain("Seq Scan on smart_step");
    const read = Number(/Buffers: shared hit=(\d+)/.exec(due)?.[1]);
    expect(read).toBeLessThan(50);

    await pass(db, 60 * 24 * 365);
    await pass(db, 60 * 24 * 365, 2);
    const flood = await explain(DUE_STEPS, [null, null, []]);
    expect(flood).toContain("Index Scan using smart_step_due");
    expect(flood).toMatch(/smart_step_of_node|smart_step_pkey/);
  });
});
