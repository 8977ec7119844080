import type { SMTPServerOptions } from "smtp-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until, SECRET_KEY } from "../../test/harness.ts";
import { createManagement } from "../../test/management.ts";
import { createPipeline, type MessageRow, node, type Pipeline } from "../../test/pipeline.ts";
import { type MailServer, refusal, serveMail } from "../../test/outside/smtp.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import { createSecretBox } from "../workspaces/crypto.ts";
import { insertVendor } from "./vendor-table.ts";

/* What becomes of the copies of a mail that its server puts off or refuses, from the trigger to the log. */
let harness: Harness;
let pipeline: Pipeline;
let workers: Worker[] = [];
let mailServer: MailServer;
/** The answers to an address, one for each time it is named; after them it is taken. */
const replies = new Map<string, string[]>();
/** Held addresses wait for their answer until the test gives it. */
const held = new Map<string, (() => void)[]>();

const onRcptTo: NonNullable<SMTPServerOptions["onRcptTo"]> = ({ address }, _session, done) => {
  const waiting = held.get(address);
  if (waiting !== undefined) {
    waiting.push(done);
    return;
  }
  const reply = replies.get(address)?.shift();
  done(reply === undefined ? null : refusal(reply));
};

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  mailServer = await serveMail({ onRcptTo });
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("mail", ["email"]);
  await pipeline.commit("mail", [node("send_email", "email_1", { template: "mail" })]);
  await harness.services.db.query(
    `update template_version set snapshot = jsonb_set(snapshot::jsonb, '{variants,0,content,cc}', '"{{cc}}"')
      where workspace_id = $1 and template_slug = 'mail'`,
    [pipeline.workspace_id],
  );
  await sendForReal();
});
afterEach(async () => {
  for (const waiting of held.values()) for (const done of waiting) done();
  for (const worker of workers) await worker.stop();
  workers = [];
  replies.clear();
  held.clear();
  await mailServer[Symbol.asyncDispose]();
  await harness.services.db.query("delete from pgboss.job where name like 'send-%'");
  await harness.services.db.query("update message set next_attempt_at = null");
});

async function work(): Promise<Worker> {
  const worker = await startWorker(harness);
  workers.push(worker);
  return worker;
}

/** The workspace's mails go to the mail server instead of the simulator. */
async function sendForReal(): Promise<void> {
  const { db, ids } = harness.services;
  const settings = {
    workspace_id: pipeline.workspace_id,
    channel: "email",
    vendor_slug: "smtp-email",
    nickname: "",
    config: { host: "127.0.0.1", port: mailServer.port, encryption: "none", from_email: "hello@acme.test" },
  } as const;
  const id = await insertVendor(db, settings, createSecretBox(SECRET_KEY), ids);
  await db.query(
    "update vendor_route set vendor_config_id = $2 where workspace_id = $1 and channel = 'email'",
    [pipeline.workspace_id, id],
  );
}

const send = (...cc: string[]) =>
  pipeline.trigger({
    workflow: "mail",
    recipients: [{ distinct_id: "ann", $email: "ann@example.com" }],
    data: { cc: cc.join(", ") },
  });

/** The only message, once it matches. */
const message = (is: (row: MessageRow) => boolean) =>
  until(async () => {
    const [row] = await pipeline.messages();
    return row !== undefined && is(row) ? row : null;
  });
const waiting = (attempt: number) =>
  message((row) => row.next_attempt_at !== null && row.attempt === attempt);
const over = (attempt: number) =>
  message((row) => row.lease === null && row.next_attempt_at === null && row.attempt === attempt);

async function hurry(worker: Worker): Promise<void> {
  await harness.services.db.query(
    "update message set next_attempt_at = now() - interval '1 second' where workspace_id = $1 and next_attempt_at is not null",
    [pipeline.workspace_id],
  );
  await worker.wake();
}

const events = () =>
  harness.services.db.query<{ kind: string; detail: unknown }>(
    "select kind, detail from message_event where workspace_id = $1 order by at, detail ->> 'address'",
    [pipeline.workspace_id],
  );

const envelopes = () => mailServer.mails.map(({ to }) => to);
const failed = (attempt: number, address: string, more: object) => ({
  kind: "copy_failed",
  detail: { attempt, address, ...more },
});

describe("a copy", () => {
  it("that is put off is tried again, alone and as often as it takes; the recipient has the mail once", async () => {
    replies.set("later@example.com", ["451 4.7.1 greylisted", "451 4.7.1 greylisted"]);
    const worker = await work();
    await send("bob@example.com", "later@example.com");
    expect(await waiting(1)).toMatchObject({ status: "sent_by_vendor", failure_reason: null });
    await hurry(worker);
    expect(await waiting(2)).toMatchObject({ status: "sent_by_vendor", failure_reason: null });
    await hurry(worker);
    expect(await over(3)).toMatchObject({ status: "sent_by_vendor", failure_reason: null });

    expect(envelopes()).toEqual([["ann@example.com"], ["bob@example.com"], ["later@example.com"]]);
    const deferral = { class: "transient", reason: "451 4.7.1 greylisted", retry_in_ms: expect.any(Number) };
    expect(await events()).toEqual([
      failed(1, "later@example.com", deferral),
      failed(2, "later@example.com", deferral),
      { kind: "copy_sent", detail: { attempt: 3, address: "later@example.com" } },
    ]);
  });

  it("that is refused is named in the log of the execution, and not tried again", async () => {
    replies.set("dead@example.com", ["550 5.1.1 no such user"]);
    await work();
    await send("dead@example.com");
    expect(await over(1)).toMatchObject({ status: "sent_by_vendor" });

    const [run] = await pipeline.finished(1);
    const management = createManagement(harness, pipeline.workspace);
    const log = await management.call("GET", `log/execution/${run?.id}`);
    expect(JSON.stringify(log.body)).toContain("550 5.1.1 no such user");
    expect(await events()).toEqual([
      failed(1, "dead@example.com", {
        class: "recipient",
        reason: "550 5.1.1 no such user",
        retry_in_ms: null,
      }),
    ]);
    expect(envelopes()).toEqual([["ann@example.com"]]);
  });

  it("is tried again by another worker when the one that tried dies, and nobody else gets the mail twice", async () => {
    replies.set("later@example.com", ["451 4.7.1 greylisted"]);
    const first = await work();
    await send("later@example.com");
    await waiting(1);
    const answers: (() => void)[] = [];
    held.set("later@example.com", answers);
    await hurry(first);
    await until(async () => answers.length === 1);
    held.delete("later@example.com");
    await takeJobsAway();
    await work();

    expect(await over(3)).toMatchObject({ status: "sent_by_vendor", failure_reason: null });
    expect(envelopes()).toEqual([["ann@example.com"], ["later@example.com"]]);
    expect((await events()).map(({ kind }) => kind)).toEqual(["copy_failed", "ambiguous", "copy_sent"]);
  });

  it("is given up after the last attempt, which leaves the message sent", async () => {
    replies.set(
      "never@example.com",
      Array.from({ length: 6 }, () => "450 4.2.1 busy"),
    );
    const worker = await work();
    await send("never@example.com");
    for (let attempt = 1; attempt < 6; attempt += 1) {
      await waiting(attempt);
      await hurry(worker);
    }
    expect(await over(6)).toMatchObject({ status: "sent_by_vendor", failure_class: null });
    expect((await events()).at(-1)).toEqual(
      failed(6, "never@example.com", { class: "transient", reason: "450 4.2.1 busy", retry_in_ms: null }),
    );
  });
});

/** Hands the active jobs to the next worker that asks, as if their own had stopped its heartbeat. */
async function takeJobsAway(): Promise<void> {
  await harness.services.db.query(
    `update pgboss.job set state = 'retry', retry_count = retry_count + 1, started_on = null, start_after = now() - interval '1 second'
      where name like 'send-%' and state = 'active'`,
  );
  await harness.services.db.query(
    "select pg_notify('carillon_wake', 'send-' || lane) from unnest(array['system', 'transactional', 'promotional']) lane",
  );
}
