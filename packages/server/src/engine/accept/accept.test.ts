import { databaseClock } from "../../workspaces/clock.ts";
import { afterAll, afterEach, describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { createPipeline, type Pipeline, sms } from "../../../test/pipeline.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";
import { createDb, type Db } from "../../db/db.ts";
import { createIdSource } from "../../ids.ts";
import { createSilentLog } from "../../log.ts";
import { type Acceptor, type AcceptRecord, createAcceptor } from "./accept.ts";
import { createQueue, type Queue } from "../../queue/queue.ts";

/** The acceptor of another process on the same database. */
let other: { db: Db; queue: Queue; acceptor: Acceptor };
let worker: Worker | undefined;

it.beforeAll(async ({ harness }) => {
  const { databaseUrl: url } = harness;
  const db = createDb({ url, max: 4, onError: () => {} });
  const queue = createQueue({ db, url, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: false });
  const acceptor = createAcceptor({
    clock: databaseClock,
    db,
    queue,
    ids: createIdSource(),
    wakeAt: () => {},
    meter: { accepted: () => {} },
  });
  other = { db, queue, acceptor };
});
afterAll(async () => {
  await other.queue.stop();
  await other.db.close();
});
it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("hello", [sms("sms_1")]);
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});

const body = { workflow: "hello", recipients: [{ distinct_id: "ann", $sms: "+14155550100" }] };

function record(pipeline: Pipeline, more: Partial<AcceptRecord> = {}): AcceptRecord {
  return {
    workspace_id: pipeline.workspace_id,
    lane: 1,
    api_type: "workflow",
    name: "hello",
    tenant_id: null,
    idempotency_key: null,
    cancellation_key: null,
    body: JSON.stringify(body),
    metadata: null,
    ...more,
  };
}

const accept = (pipeline: Pipeline, more: Partial<AcceptRecord> = {}) =>
  pipeline.services.engine.accept(record(pipeline, more));

/** The ids queued for expand, including repetitions. */
async function queued(pipeline: Pipeline): Promise<string[]> {
  const rows = await pipeline.services.db.query<{ data: { refs: [number, string[]][] } }>(
    "select data from pgboss.job where name like 'expand-%' and state < 'active'",
  );
  return rows
    .flatMap(({ data }) => data.refs)
    .flatMap(([workspace_id, ids]) => (workspace_id === pipeline.workspace_id ? ids : []));
}

async function agePastKeys(pipeline: Pipeline, hours: number): Promise<void> {
  await pipeline.services.db.query(
    "update idempotency set created_at = now() - make_interval(hours => $2) where workspace_id = $1",
    [pipeline.workspace_id, hours],
  );
}

describe("accept", () => {
  it("stores and queues every record that it resolved, however many come at once", async ({ pipeline }) => {
    const accepted = await Promise.all(Array.from({ length: 2500 }, () => accept(pipeline)));

    const ids = accepted.map(({ message_id }) => message_id);
    expect(new Set(ids).size).toBe(2500);
    expect((await pipeline.requests()).map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect((await queued(pipeline)).sort()).toEqual(ids.toSorted());
  });

  it("does not let one record that cannot be stored fail the others of its batch", async ({ pipeline }) => {
    const bodies = Array.from({ length: 40 }, (_, index) => (index === 17 ? "{not json" : undefined));
    const fates = await Promise.allSettled(
      bodies.map((text, index) =>
        accept(pipeline, { idempotency_key: `key-${index}`, ...(text && { body: text }) }),
      ),
    );

    expect(fates.map(({ status }) => status)).toEqual(
      bodies.map((text) => (text === undefined ? "fulfilled" : "rejected")),
    );
    expect(await pipeline.requests()).toHaveLength(39);
    expect(await queued(pipeline)).toHaveLength(39);
    // Its key was not consumed: the corrected record may use it.
    expect(await accept(pipeline, { idempotency_key: "key-17" })).toMatchObject({ duplicate: false });
  });

  it("queues each record in the lane of its workflow", async ({ pipeline, harness }) => {
    await Promise.all([
      accept(pipeline, { lane: 0 }),
      accept(pipeline, { lane: 1 }),
      accept(pipeline, { lane: 2 }),
    ]);

    const rows = await harness.services.db.query<{ name: string; lane: number }>(
      `select j.name, r.lane from pgboss.job j
         join request r on j.data::text like '%' || r.id || '%' where r.workspace_id = $1 order by r.lane`,
      [pipeline.workspace_id],
    );
    expect(rows).toEqual([
      { name: "expand-system", lane: 0 },
      { name: "expand-transactional", lane: 1 },
      { name: "expand-promotional", lane: 2 },
    ]);
  });
});

describe("an idempotency key", () => {
  it("lets one of 50 triggers at the same time run, and gives all of them its id", async ({
    pipeline,
    harness,
  }) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        pipeline.call("POST", "/trigger/", { ...body, $idempotency_key: "order-1" }),
      ),
    );

    const ids = new Set(answers.map(({ json }) => (json as { message_id: string }).message_id));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(ids.size).toBe(1);
    const requests = await pipeline.requests();
    expect(requests.filter(({ status }) => status === "accepted").map(({ id }) => id)).toEqual([...ids]);
    expect(requests.filter(({ status }) => status === "skipped")).toHaveLength(49);
    worker = await startWorker(harness);
    await pipeline.finished(1);
    expect(await queued(pipeline)).toEqual([]);
    expect(await pipeline.runs()).toHaveLength(1);
  });

  it("lets one run when two processes race for many keys in opposite orders", async ({ pipeline }) => {
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    const [ours, theirs] = await Promise.all([
      Promise.all(keys.map((key) => accept(pipeline, { idempotency_key: key }))),
      Promise.all(
        keys.toReversed().map((key) => other.acceptor.accept(record(pipeline, { idempotency_key: key }))),
      ),
    ]);

    expect(ours.map(({ message_id }) => message_id)).toEqual(
      theirs.toReversed().map(({ message_id }) => message_id),
    );
    expect(await queued(pipeline)).toHaveLength(200);
  });

  it("says in the log of the second request which was the first", async ({ pipeline }) => {
    const { message_id } = await accept(pipeline, { idempotency_key: "order-1" });
    await accept(pipeline, { idempotency_key: "order-1" });

    const [, second] = await pipeline.requests();
    expect(second?.status).toBe("skipped");
    expect((await pipeline.request(second?.id ?? "")).errors).toMatchObject([
      { error_code: "duplicate_idempotency_key", error_description: expect.stringContaining(message_id) },
    ]);
  });

  it("holds for 24 hours, and then lets one later request use it again", async ({ pipeline }) => {
    const first = await accept(pipeline, { idempotency_key: "order-1" });
    await agePastKeys(pipeline, 23);
    expect(await accept(pipeline, { idempotency_key: "order-1" })).toEqual({ ...first, duplicate: true });

    await agePastKeys(pipeline, 25);
    const later = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0
          ? accept(pipeline, { idempotency_key: "order-1" })
          : other.acceptor.accept(record(pipeline, { idempotency_key: "order-1" })),
      ),
    );

    const ids = new Set(later.map(({ message_id }) => message_id));
    expect(ids.size).toBe(1);
    expect(ids.has(first.message_id)).toBe(false);
    expect(await queued(pipeline)).toHaveLength(2);
  });

  it("may be shared by one trigger, one event, and a trigger of another workspace", async ({
    pipeline,
    harness,
  }) => {
    const elsewhere = await createPipeline(harness);
    const accepted = [
      await accept(pipeline, { idempotency_key: "k" }),
      await accept(pipeline, { idempotency_key: "k", api_type: "event", name: "Signed Up" }),
      await accept(pipeline, { idempotency_key: "k", workspace_id: elsewhere.workspace_id }),
      await accept(pipeline, { idempotency_key: "K" }),
    ];

    expect(accepted.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false]);
    expect(await accept(pipeline, { idempotency_key: "k", api_type: "dynamic" })).toMatchObject({
      duplicate: true,
    });
  });
});

it("a drained acceptor has answered every record it accepted", async ({ pipeline }) => {
  let answered = 0;
  const accepted = Array.from({ length: 100 }, async () => {
    await other.acceptor.accept(record(pipeline));
    answered++;
  });
  await other.acceptor.drain();
  expect(await pipeline.requests()).toHaveLength(100);
  await Promise.all(accepted);
  expect(answered).toBe(100);
  // A second drain returns at once: nothing is pending.
  await other.acceptor.drain();
});
