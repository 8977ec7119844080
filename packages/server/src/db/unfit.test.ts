import { afterAll, beforeAll, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createPipeline, type Pipeline, sms } from "../../test/pipeline.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import { createDb, type Db } from "./db.ts";

/*
 * A database that answers and is not fit: its administrator has set limits, and a table is locked for a while, as a
 * migration of somebody else's or a repair does. What waits meanwhile is not to blame.
 */
let harness: Harness;
let pipeline: Pipeline;
/** Without the administrator's limits. */
let admin: Db;
let worker: Worker | undefined;

beforeAll(async () => {
  harness = await createHarness({
    role: "api",
    async through(databaseUrl) {
      admin = createDb({ url: databaseUrl, max: 2, onError: () => {} });
      const name = new URL(databaseUrl).pathname.slice(1);
      await admin.query(`alter database "${name}" set statement_timeout to '800ms'`);
      await admin.query(`alter database "${name}" set lock_timeout to '300ms'`);
      return databaseUrl;
    },
  });
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
  await pipeline.commit("hello", [sms("sms_1")]);
});
afterAll(async () => {
  await worker?.stop();
  await admin.close();
  await harness.close();
});

const trigger = (distinct_id: string) =>
  pipeline.call("POST", "/trigger/", {
    workflow: "hello",
    recipients: [{ distinct_id, $sms: "+14155550100" }],
  });

/** Holds tables as long as `work` takes. */
async function whileLocked(tables: string, work: () => Promise<void>): Promise<void> {
  await admin.tx(async (tx) => {
    await tx.query("set local statement_timeout to 0");
    await tx.query(`lock table ${tables} in access exclusive mode`);
    await work();
  });
}

/** One more time that the worker could not do it. */
async function postponedAgain(): Promise<void> {
  const due = "name like 'expand-%' and state = 'retry'";
  await until(async () => {
    const jobs = await harness.services.db.query(
      `select from pgboss.job where ${due} and start_after > now()`,
    );
    return jobs.length > 0;
  });
  await harness.services.db.query(
    `update pgboss.job set start_after = now() - interval '1 second' where ${due}`,
  );
  await harness.services.db.query("notify carillon_wake, 'expand-transactional'");
}

it("costs no acknowledged trigger its life, however often its work could not be done", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_none, index) => trigger(`ann-${index}`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  await whileLocked("run, message, recipient", async () => {
    worker = await startWorker(harness);
    // Five tries are all that a poisonous record is given.
    for (let times = 0; times < 7; times++) await postponedAgain();
  });
  await until(
    async () => (await pipeline.runs()).filter(({ status }) => status === "completed").length === 20,
    40,
  );
  const requests = await pipeline.requests();
  expect(requests.filter(({ status }) => status !== "accepted")).toEqual([]);
});

it("is told to clients as something that passes, and to monitors", async () => {
  await whileLocked("request", async () => {
    const refused = await trigger("bob");
    expect(refused.status).toBe(503);
    expect(refused.text).toContain("a table is locked");
    const ready = await harness.app.inject({ method: "GET", url: "/readyz" });
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toMatchObject({ database: "busy" });
  });
  expect((await trigger("bob")).status).toBe(202);
  expect((await harness.app.inject({ method: "GET", url: "/readyz" })).statusCode).toBe(200);
});
