import type { Job } from "../queue/job.ts";
import { randomUUID } from "node:crypto";
import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { overlap } from "../../test/overlap.ts";
import type { Db, Tx } from "../db/db.ts";
import { createIdSource } from "../ids.ts";
import { giveUpMessage, type LeasedMessage, settleMessages, takeMessages } from "./outbox.ts";
import { judge, MAX_ATTEMPTS } from "./verdict.ts";

/* The lease, statement by statement: the possible conflicts between two workers that both believe they hold a job. */

const ids = createIdSource();

it.beforeEach(({ db }) => db.query("truncate message, message_event, due_receipt"));

/** Messages born leased to one job, as the engine makes them. */
async function addJob(db: Db, lanes: number[], attempt = 1): Promise<Job> {
  const job = { id: randomUUID(), tries: 0, refs: lanes.map(() => ({ workspace_id: 1, id: ids.ulid() })) };
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, channel, channel_value, content, status, lease, attempt,
                          idempotency_key)
     select 1, id, 'r', 'w', 'v', 'n', 'c', lane, 'default', 'ann', 'sms', '"+14155550100"', '{}', 'triggered', $3, $4, ''
       from unnest($1::text[], $2::int[]) as m(id, lane)`,
    [job.refs.map(({ id }) => id), lanes, job.id, attempt],
  );
  return job;
}

/** Nothing goes to a next vendor here. */
const unused = { plan: () => [], enqueueJobs: async () => {} };

/** No run waits for what becomes of these messages. */
const quiet = { enqueue: async () => {} };
const take = (db: Db, job: Job) => db.tx((tx) => takeMessages(tx, job, quiet));
const again = (job: Job): Job => ({ ...job, tries: job.tries + 1 });

/** Settles all of them as accepted by the vendor. */
function settle(tx: Tx, messages: LeasedMessage[]): Promise<unknown[]> {
  const outcome = { kind: "sent", vendor_message_id: "v-1" } as const;
  return settleMessages(
    tx,
    messages.map((message) => ({
      message,
      verdict: judge({ ...message, has_next: false }, outcome, 0),
      attached: null,
      keeps_ack: false,
      does_report: false,
      next: null,
    })),
    { ids, queue: unused, announce: () => {} },
  );
}

const rows = (db: Db) =>
  db.query<{ status: string; attempt: number; lease: string | null; failure_class: string | null }>(
    "select status, attempt, lease, failure_class from message order by id",
  );

describe("a job of messages", () => {
  it("handed out for the first time has all of them sent, and nothing written", async ({ db }) => {
    const job = await addJob(db, [0, 1, 2]);
    const before = await rows(db);

    expect((await take(db, job)).map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(await rows(db)).toEqual(before);
  });

  it("leaves out what is settled, and what another job holds", async ({ db }) => {
    const job = await addJob(db, [1, 1, 1]);
    const [first, second] = await take(db, job);
    if (first === undefined || second === undefined) throw new Error("nothing was taken");
    await db.tx((tx) => settle(tx, [first]));
    await db.query("update message set lease = $1 where id = $2", [randomUUID(), second.id]);

    expect((await take(db, again(job))).map(({ id }) => id)).toEqual([job.refs[2]?.id]);
  });

  it("handed out again sends what is left as a further attempt, by the channel's rule", async ({ db }) => {
    const job = await addJob(db, [0, 2]);
    await take(db, job);

    expect(await take(db, again(job))).toMatchObject([{ lane: 0, attempt: 2 }]);
    expect(await rows(db)).toMatchObject([
      { status: "triggered", attempt: 2, lease: job.id },
      { status: "trigger_failed", failure_class: "ambiguous", lease: null },
    ]);
  });

  it("is not handed out again forever", async ({ db }) => {
    const job = await addJob(db, [0], MAX_ATTEMPTS);

    expect(await take(db, again(job))).toEqual([]);
    expect(await rows(db)).toMatchObject([{ status: "trigger_failed", failure_class: "ambiguous" }]);
  });
});

describe("a job of a mail's copies", () => {
  it("handed out again and again is given up, and leaves the mail as it is: the recipient has it", async ({
    db,
  }) => {
    const job = await addJob(db, [0], MAX_ATTEMPTS);
    await db.query("update message set status = 'delivered', undelivered = '[\"bob@x.io\"]'");
    expect(await take(db, job)).toMatchObject([{ undelivered: ["bob@x.io"], attempt: MAX_ATTEMPTS }]);

    expect(await take(db, again(job))).toEqual([]);
    expect(await rows(db)).toMatchObject([{ status: "delivered", failure_class: null, lease: null }]);
    expect(await take(db, again(job))).toEqual([]);
  });

  it("that nobody gets through ends with an entry for each copy, and leaves the mail as it is", async ({
    db,
  }) => {
    const job = await addJob(db, [0]);
    await db.query("update message set status = 'sent_by_vendor', undelivered = '[\"bob@x.io\"]'");
    await db.tx((tx) => giveUpMessage(tx, 1, job.refs[0]?.id ?? "", "internal: x"));

    expect(await rows(db)).toMatchObject([{ status: "sent_by_vendor", failure_class: null, lease: null }]);
    expect(await db.query("select kind, detail ->> 'address' as address from message_event")).toEqual([
      { kind: "copy_failed", address: "bob@x.io" },
    ]);
    expect(await take(db, again(job))).toEqual([]);
  });
});

describe("a result", () => {
  it("of an attempt that is over is not written", async ({ db }) => {
    const job = await addJob(db, [0]);
    const late = await take(db, job);
    const current = await take(db, again(job));

    expect(await db.tx((tx) => settle(tx, late))).toEqual([]);
    expect(await rows(db)).toMatchObject([{ status: "triggered", attempt: 2 }]);
    expect(await db.tx((tx) => settle(tx, current))).toHaveLength(1);
    expect(await rows(db)).toMatchObject([{ status: "sent_by_vendor", attempt: 2, lease: null }]);
  });

  it("is written once", async ({ db }) => {
    const job = await addJob(db, [1]);
    const messages = await take(db, job);
    const written = await Promise.all([
      db.tx((tx) => settle(tx, messages)),
      db.tx((tx) => settle(tx, messages)),
    ]);

    expect(written.flat()).toHaveLength(1);
  });

  it.for([0, 2])(
    "that is just being written counts when the job is handed out again at that moment (lane %i)",
    async (lane, { db }) => {
      const job = await addJob(db, [lane]);
      const messages = await take(db, job);
      let taken: LeasedMessage[] = messages;

      await overlap(
        db,
        (tx) => settle(tx, messages),
        async (tx) => {
          taken = await takeMessages(tx, again(job), quiet);
        },
      );

      expect(taken).toEqual([]);
      expect(await rows(db)).toMatchObject([{ status: "sent_by_vendor", attempt: 1, failure_class: null }]);
      expect(await db.query("select 1 from message_event")).toEqual([]);
    },
  );

  it("that comes while the job is handed out again is not written", async ({ db }) => {
    const job = await addJob(db, [0]);
    const messages = await take(db, job);
    let written: unknown[] = messages;

    await overlap(
      db,
      (tx) => takeMessages(tx, again(job), quiet),
      async (tx) => {
        written = await settle(tx, messages);
      },
    );

    expect(written).toEqual([]);
    expect(await rows(db)).toMatchObject([{ status: "triggered", attempt: 2 }]);
  });
});
