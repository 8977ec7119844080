import fc from "fast-check";
import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import type { Db } from "../db/db.ts";
import { createIdSource } from "../ids.ts";
import { applyDueReceipts, applyReceipts, type Receipt } from "./receipts.ts";

const ids = createIdSource();

it.beforeEach(({ db }) => db.query("truncate message, due_receipt"));

async function addMessages(db: Db, statuses: string[]): Promise<string[]> {
  const made = statuses.map(() => ids.ulid());
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, channel, status, idempotency_key)
     select 1, id, 'r', 'w', 'v', 'n', 'transactional', 1, 'default', 'ann', 'email', status, ''
       from unnest($1::text[], $2::text[]) as m(id, status)`,
    [made, statuses],
  );
  return made;
}

interface State {
  id: string;
  status: string;
  failure_reason: string | null;
  delivered_at: Date | null;
  seen_at: Date | null;
  clicked_at: Date | null;
}

const states = (db: Db) =>
  db.query<State>(
    "select id, status, failure_reason, delivered_at, seen_at, clicked_at from message order by id",
  );

const receipt = (message_id: string, status: string, reason: string | null = null): Receipt => ({
  workspace_id: 1,
  message_id,
  status,
  reason,
});

/** The state of a message after reports that arrived one by one. */
async function after(db: Db, status: string, reports: string[]): Promise<State> {
  const [id = ""] = await addMessages(db, [status]);
  for (const report of reports) await applyReceipts(db, [receipt(id, report, report)]);
  const [state] = await states(db);
  if (state === undefined) throw new Error("the message is gone");
  return state;
}

/** No run waits for what becomes of these messages. */
const quiet = { enqueue: async () => {} };

/** There is one vendor. */
const alone = {
  ids,
  queue: { ...quiet, plan: () => [], enqueueJobs: async () => {} },
  tables: new Map([[1, { pick: () => null, next: () => null }]]),
};

describe("a report about a message", () => {
  it.for<[string, string[], string]>([
    ["sent_by_vendor", ["delivered"], "delivered"],
    ["sent_by_vendor", ["delivered", "seen", "clicked"], "clicked"],
    ["sent_by_vendor", ["seen"], "seen"],
    ["sent_by_vendor", ["clicked", "seen", "delivered"], "clicked"],
    ["sent_by_vendor", ["seen", "delivered"], "seen"],
    ["sent_by_vendor", ["delivered", "delivered"], "delivered"],
    ["sent_by_vendor", ["delivery_failure"], "failure_by_vendor"],
    ["sent_by_vendor", ["delivered", "delivery_failure"], "delivered"],
    ["sent_by_vendor", ["delivery_failure", "delivered"], "failure_by_vendor"],
    ["triggered", ["delivered"], "delivered"],
    ["triggered", ["delivery_failure"], "failure_by_vendor"],
    ["trigger_failed", ["delivered"], "trigger_failed"],
    ["trigger_blocked", ["clicked"], "trigger_blocked"],
    ["not_to_be_triggered", ["delivered"], "not_to_be_triggered"],
  ])("%s, then %j: %s", async ([status, reports, end], { db }) => {
    expect((await after(db, status, reports)).status).toBe(end);
  });

  it("sets the times of the stages that it implies", async ({ db }) => {
    const clicked = await after(db, "sent_by_vendor", ["clicked"]);
    expect(clicked.delivered_at).toEqual(clicked.clicked_at);
    expect(clicked.seen_at).toEqual(clicked.clicked_at);
    expect(clicked.clicked_at).toBeInstanceOf(Date);
  });

  it("keeps the time of the first report of a stage", async ({ db }) => {
    const [id = ""] = await addMessages(db, ["sent_by_vendor"]);
    await applyReceipts(db, [receipt(id, "delivered")]);
    const [first] = await states(db);
    await applyReceipts(db, [receipt(id, "clicked")]);
    const [second] = await states(db);

    expect(second?.delivered_at).toEqual(first?.delivered_at);
    expect(second?.clicked_at?.getTime()).toBeGreaterThan(first?.delivered_at?.getTime() ?? Number.NaN);
  });

  it("of a failure has its reason kept, unless delivery was reported before", async ({ db }) => {
    expect(await after(db, "sent_by_vendor", ["delivery_failure"])).toMatchObject({
      failure_reason: "delivery_failure",
    });
    await db.query("truncate message");
    expect(await after(db, "sent_by_vendor", ["seen", "delivery_failure"])).toMatchObject({
      status: "seen",
      failure_reason: null,
    });
  });

  it("is one of many about the same message in one batch: the furthest counts", async ({ db }) => {
    const [first = "", second = ""] = await addMessages(db, ["sent_by_vendor", "sent_by_vendor"]);
    await applyReceipts(db, [
      receipt(first, "delivered"),
      receipt(second, "delivery_failure"),
      receipt(first, "clicked"),
      receipt(first, "delivery_failure"),
      receipt(first, "seen"),
    ]);

    expect((await states(db)).map(({ status }) => status)).toEqual(["clicked", "failure_by_vendor"]);
  });

  it("about a message of another workspace, or none, changes nothing", async ({ db }) => {
    const [id = ""] = await addMessages(db, ["sent_by_vendor"]);
    await applyReceipts(db, [{ ...receipt(id, "seen"), workspace_id: 2 }, receipt("nobody's", "seen")]);

    expect((await states(db)).map(({ status }) => status)).toEqual(["sent_by_vendor"]);
  });
});

it("whatever order reports come in, status only moves forward and ends where the furthest report says", async ({
  db,
}) => {
  const order = ["sent_by_vendor", "delivered", "seen", "clicked"];
  const histories = fc.sample(
    fc.array(fc.constantFrom("delivered", "seen", "clicked"), { minLength: 1, maxLength: 6 }),
    { numRuns: 150, seed: 7 },
  );
  const messages = await addMessages(
    db,
    histories.map(() => "sent_by_vendor"),
  );
  let before = histories.map(() => 0);
  for (let step = 0; step < 6; step++) {
    const reports = histories.flatMap((history, index) => {
      const status = history[step];
      const id = messages[index];
      return status === undefined || id === undefined ? [] : [receipt(id, status)];
    });
    await applyReceipts(db, reports);
    const now = (await states(db)).map(({ status }) => order.indexOf(status));
    expect(now.every((rank, index) => rank >= (before[index] ?? 0))).toBe(true);
    before = now;
  }

  expect(before).toEqual(histories.map((history) => Math.max(...history.map((one) => order.indexOf(one)))));
});

describe("reports without a webhook", () => {
  async function addDue(db: Db, message_id: string, status: string, seconds: number): Promise<void> {
    await db.query(
      `insert into due_receipt (workspace_id, message_id, status, due_at)
       values (1, $1, $2, now() + make_interval(secs => $3))`,
      [message_id, status, seconds],
    );
  }

  it("of a failure outweighs that the vendor has the message, and nothing else", async ({ db }) => {
    const [failed = "", arrived = ""] = await addMessages(db, ["triggered", "triggered"]);
    await applyReceipts(db, [
      receipt(failed, "delivery_failure", "no such user"),
      receipt(failed, "sent_by_vendor"),
      receipt(arrived, "delivery_failure"),
      receipt(arrived, "delivered"),
    ]);
    expect(await states(db)).toMatchObject([
      { status: "failure_by_vendor", failure_reason: "no such user" },
      { status: "delivered" },
    ]);
  });

  it("are applied once, when they are due", async ({ db }) => {
    const [id = ""] = await addMessages(db, ["sent_by_vendor"]);
    await addDue(db, id, "delivered", -1);
    await addDue(db, id, "seen", 60);

    const applied = await Promise.all([
      db.tx((tx) => applyDueReceipts(tx, alone)),
      db.tx((tx) => applyDueReceipts(tx, alone)),
    ]);
    expect(applied.reduce((sum, count) => sum + count)).toBe(1);
    expect((await states(db)).map(({ status }) => status)).toEqual(["delivered"]);

    await db.query("update due_receipt set due_at = now()");
    expect(await db.tx((tx) => applyDueReceipts(tx, alone))).toBe(1);
    expect((await states(db)).map(({ status }) => status)).toEqual(["seen"]);
    expect(await db.query("select 1 from due_receipt")).toEqual([]);
  });

  it("are all applied, however many are due", async ({ db }) => {
    const messages = await addMessages(
      db,
      Array.from({ length: 700 }, () => "sent_by_vendor"),
    );
    await db.query(
      "insert into due_receipt (workspace_id, message_id, status, due_at) select 1, id, 'delivered', now() from unnest($1::text[]) id",
      [messages],
    );

    expect(await db.tx((tx) => applyDueReceipts(tx, alone))).toBe(500);
    expect(await db.tx((tx) => applyDueReceipts(tx, alone))).toBe(200);
    expect((await states(db)).every(({ status }) => status === "delivered")).toBe(true);
  });
});
