import { afterEach, expect, inject, it } from "vitest";
import { createDoor, type Door } from "../../test/outside/door.ts";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createPipeline, type Pipeline, sms } from "../../test/pipeline.ts";
import { createDb } from "./db.ts";

/*
 * A firewall that forgets its connections: what is sent in them is lost, no end and no reset ever comes, and new
 * connections work. The kernel repeats what is unacknowledged for a quarter of an hour before it gives up.
 */
let harness: Harness;
let door: Door;
let pipeline: Pipeline;

/** Generous: the deadline of a statement is half of it. */
const RECOVERED_MS = 20_000;

async function start(): Promise<void> {
  harness = await createHarness({
    async through(databaseUrl) {
      door = await createDoor(databaseUrl);
      return door.url;
    },
  });
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
  await pipeline.commit("hello", [sms("sms_1")]);
}
afterEach(async () => {
  await harness.close();
  door.server.close();
});

interface Answer {
  status: number;
  /** Since the silence began. */
  ms: number;
}

it("ends within 20 seconds: refused meanwhile, accepted again, and nothing acknowledged is lost", async () => {
  await start();
  const acknowledged: string[] = [];
  const answers: Answer[] = [];
  let since = performance.now();
  let count = 0;
  async function trigger(): Promise<void> {
    const recipients = [{ distinct_id: `ann-${count++}`, $sms: "+14155550100" }];
    const { status, json } = await pipeline.call("POST", "/trigger/", { workflow: "hello", recipients });
    answers.push({ status, ms: performance.now() - since });
    if (status === 202) acknowledged.push((json as { message_id: string }).message_id);
  }
  // Of another Carillon on the same server, whose sessions are none of ours to end.
  const other = createDb({ url: inject("databaseUrl"), max: 1, onError: () => {} });
  const over = Promise.withResolvers<void>();
  const held = other.tx(async (tx) => {
    await tx.query("select 1");
    await over.promise;
    await tx.query("select 1");
  });
  const accepted = () => answers.some(({ status, ms }) => status === 202 && ms > 0);
  // Every connection of the pool is in use, and every loop has looked for work.
  await Promise.all(Array.from({ length: 50 }, trigger));
  await pipeline.finished(50);

  const during: Promise<void>[] = [];
  const ready: number[] = [];
  answers.length = 0;
  since = performance.now();
  expect(door.silence()).toBeGreaterThan(5);
  await until(async () => {
    during.push(trigger());
    ready.push((await harness.app.inject({ method: "GET", url: "/readyz" })).statusCode);
    return accepted();
  }, RECOVERED_MS / 1000);
  const recovered = answers.find(({ status }) => status === 202);
  expect(recovered?.ms).toBeLessThan(RECOVERED_MS);
  expect(ready).toContain(503);
  await Promise.all(during);
  expect(answers.filter(({ status }) => status !== 202 && status !== 503)).toEqual([]);
  await until(async () => (await harness.app.inject({ method: "GET", url: "/readyz" })).statusCode === 200);

  const lost = () =>
    harness.services.db.query<{ id: string }>(
      `select wanted.id from unnest($2::text[]) wanted(id)
        where not exists (select from run r
                           where r.workspace_id = $1 and r.request_id::text = wanted.id and r.status = 'completed')`,
      [pipeline.workspace_id, acknowledged],
    );
  await until(async () => (await lost()).length === 0, 45);
  over.resolve();
  await held;
  await other.close();
});

it("of some connections alone is no reason to stop accepting", async () => {
  await start();
  const trigger = () =>
    pipeline.call("POST", "/trigger/", {
      workflow: "hello",
      recipients: [{ distinct_id: "ann", $sms: "+14155550100" }],
    });
  await Promise.all(Array.from({ length: 20 }, trigger));
  // The other half keeps what listens and what the next request takes.
  expect(door.silence((index) => index % 2 === 0)).toBeGreaterThan(2);
  const begun = performance.now();
  const answers = await Promise.all(Array.from({ length: 20 }, trigger));
  for (const { status } of answers) expect([202, 503]).toContain(status);
  await until(async () => (await trigger()).status === 202, RECOVERED_MS / 1000);
  expect(performance.now() - begun).toBeLessThan(RECOVERED_MS);
});
