import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { type CalledServer, startCalledServer } from "../../test/outside/called-server.ts";
import { until, type Server, SECRET_KEY } from "../../test/harness.ts";
import { createManagement } from "../../test/management.ts";
import { delay, node, type Pipeline } from "../../test/pipeline.ts";
import { type MailServer, serveMail } from "../../test/outside/smtp.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import type { JsonObject } from "../core/json.ts";
import { createSecretBox } from "../workspaces/crypto.ts";
import { insertVendor } from "./vendor-table.ts";

/*
 * From the trigger to a mail server: where the bytes are stored meanwhile, and what happens to a mail whose files
 * cannot be loaded.
 */

let worker: Worker;
let mailServer: MailServer;
let fileServer: CalledServer;
/** The file server's responses by path; it has nothing else. */
const served = new Map<string, [status: number, body: string]>();

beforeAll(async () => {
  fileServer = await startCalledServer(({ path }) => served.get(path) ?? [404]);
});
afterAll(async () => {
  await fileServer.close();
});
it.beforeEach(async ({ pipeline, harness }) => {
  mailServer = await serveMail();
  worker = await startWorker(harness);
  await pipeline.addTemplate("mail", ["email"]);
  await pipeline.commit("mail", [node("send_email", "email_1", { template: "mail" })]);
});
afterEach(async () => {
  served.clear();
  await worker.stop();
  await mailServer[Symbol.asyncDispose]();
});

/** The workspace's mails go to the mail server instead of the simulator. */
async function sendForReal(pipeline: Pipeline): Promise<void> {
  const { db, ids } = pipeline.services;
  const config = {
    host: "127.0.0.1",
    port: mailServer.port,
    encryption: "none",
    from_email: "hello@acme.test",
  };
  const settings = {
    workspace_id: pipeline.workspace_id,
    channel: "email",
    vendor_slug: "smtp-email",
    nickname: "",
    config,
  } as const;
  const id = await insertVendor(db, settings, createSecretBox(SECRET_KEY), ids);
  await db.query(
    "update vendor_route set vendor_config_id = $2 where workspace_id = $1 and channel = 'email'",
    [pipeline.workspace_id, id],
  );
}

const send = (pipeline: Pipeline, $attachments: unknown, more: { workflow?: string; to?: string[] } = {}) => {
  const { workflow = "mail", to = ["ann@example.com"] } = more;
  return pipeline.trigger({
    workflow,
    recipients: [{ distinct_id: "ann", $email: to }],
    data: { $attachments } as JsonObject,
  });
};

const settled = (pipeline: Pipeline, count = 1) =>
  until(async () => {
    const rows = await pipeline.messages();
    return rows.length === count && rows.every(({ status }) => status !== "triggered") ? rows : null;
  });

const waiting = (pipeline: Pipeline, attempt: number) =>
  until(async () => {
    const [row] = await pipeline.messages();
    return row?.next_attempt_at != null && row.attempt === attempt ? row : null;
  });

async function hurry(harness: Server): Promise<void> {
  await harness.services.db.query(
    "update message set next_attempt_at = now() where next_attempt_at is not null",
  );
  await worker.wake();
}

/** Resumes the only waiting run of this many. */
async function endWait(pipeline: Pipeline, runs: number): Promise<void> {
  await until(async () => {
    const all = await pipeline.runs();
    return all.length === runs && all.some(({ wake_at }) => wake_at !== null);
  });
  await pipeline.services.db.query(
    "update run set wake_at = now() - interval '1 second' where wake_at is not null",
  );
  await worker.wake();
}

async function events(pipeline: Pipeline): Promise<{ kind: string; detail: JsonObject }[]> {
  return pipeline.services.db.query(
    "select kind, detail from message_event where workspace_id = $1 order by at, message_id",
    [pipeline.workspace_id],
  );
}

/** Everything stored for the workspace except its requests. */
async function stored(pipeline: Pipeline): Promise<string> {
  const tables = ["run", "message", "message_event", "batch_item"];
  const texts = await Promise.all(
    tables.map((table) =>
      pipeline.services.db.query<{ text: string | null }>(
        `select json_agg(t)::text as text from ${table} t where workspace_id = $1`,
        [pipeline.workspace_id],
      ),
    ),
  );
  return texts.map(([row]) => row?.text ?? "").join("\n");
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const inline = (filename: string, bytes: Buffer, more = {}) => ({
  filename,
  contentType: "application/pdf",
  data: bytes.toString("base64"),
  url: null,
  ignore_if_error: false,
  ...more,
});

describe("a mail with files", () => {
  it("carries them byte by byte to every address, and they are stored once: in the request", async ({
    pipeline,
  }) => {
    await sendForReal(pipeline);
    served.set("/logo.png?token=t", [200, "a logo"]);
    const bytes = randomBytes(30_000);
    const to = ["ann@example.com", "ann@example.net"];
    await send(pipeline, [inline("März.pdf", bytes), { url: `${fileServer.url}/logo.png?token=t` }], { to });
    const rows = await settled(pipeline, 2);

    expect(rows.map(({ status }) => status)).toEqual(["sent_by_vendor", "sent_by_vendor"]);
    expect(mailServer.mails).toHaveLength(2);
    for (const { raw } of mailServer.mails) {
      expect(raw).toContain("filename*0*=utf-8''M%C3%A4rz.pdf");
      expect(raw.replaceAll("\r\n", "")).toContain(bytes.toString("base64"));
      expect(raw).toContain("filename=logo.png");
      expect(raw).toContain(Buffer.from("a logo").toString("base64"));
    }
    expect(fileServer.requests).toHaveLength(1);
    expect(await events(pipeline)).toEqual(
      [0, 1].map(() => ({
        kind: "attached",
        detail: {
          attempt: 1,
          files: [
            { filename: "März.pdf", content_type: "application/pdf", size: 30_000, sha256: sha256(bytes) },
            {
              filename: "logo.png",
              content_type: "image/png",
              size: 6,
              sha256: sha256(Buffer.from("a logo")),
            },
          ],
          left_out: [],
        },
      })),
    );
    expect(await stored(pipeline)).not.toContain(bytes.toString("base64").slice(0, 40));
    const [run] = await pipeline.runs();
    expect(run?.steps.find(({ s }) => s === "message_triggered")?.p).toMatchObject({
      attachments: [
        { filename: "März.pdf", contentType: "application/pdf", size: 30_000 },
        { filename: null, size: null, url: `${fileServer.url}/logo.png` },
      ],
    });
  });

  it("of an event has those of its properties, and those of a batch all that were retained", async ({
    pipeline,
  }) => {
    await sendForReal(pipeline);
    const batch = { mode: "accumulate_all", window_type: "fixed", fixed_window: "1d", retain_count: 2 };
    await pipeline.commit(
      "digest",
      [node("batch", "batch_1", batch), node("send_email", "email_1", { template: "mail" })],
      { events: ["ORDERED"] },
    );
    const put = await pipeline.call("POST", "/event/", {
      distinct_id: "ann",
      $user_operations: [{ $append: { $email: "ann@example.com" } }],
    });
    expect(put.status).toBe(202);
    const files = [1, 2, 3].map((n) => Buffer.from(`file number ${n}`));
    for (const [index, bytes] of files.entries()) {
      const properties = {
        $attachments: [inline(`${index}.pdf`, bytes), inline("terms.pdf", Buffer.from("terms"))],
      };
      const answer = await pipeline.call("POST", "/event/", {
        event: "ORDERED",
        distinct_id: "ann",
        properties,
      });
      expect(answer.status).toBe(202);
      await until(async () => (await pipeline.runs()).length === index + 1);
    }
    expect(await stored(pipeline)).not.toContain(Buffer.from("file number").toString("base64").slice(0, 12));
    await endWait(pipeline, 3);
    await settled(pipeline);

    const [event] = await events(pipeline);
    expect(event?.detail.files).toMatchObject(
      ["0.pdf", "terms.pdf", "1.pdf"].map((filename) => ({ filename })),
    );
    expect(mailServer.mails[0]?.raw).toContain(files[1]?.toString("base64"));
  });

  it("passes them on when a run triggers its workflow, and after any wait", async ({ pipeline, harness }) => {
    await sendForReal(pipeline);
    const invoked = { workflow: "mail", recipient_selection: "recipient" };
    await pipeline.commit("first", [delay("delay_1", "1d"), node("invokeworkflow", "invoke_1", invoked)]);
    const mail = node("send_email", "email_1", { template: "mail" });
    await pipeline.commit("mail", [delay("delay_2", "1d"), mail]);
    const bytes = Buffer.from("handed on from run to run");
    await send(pipeline, [inline("a.pdf", bytes)], { workflow: "first" });
    await endWait(pipeline, 1);
    await endWait(pipeline, 2);
    await settled(pipeline);

    expect(mailServer.mails[0]?.raw).toContain(bytes.toString("base64"));
    const requests = await harness.services.db.query<{ has: boolean }>(
      "select body::text like '%' || $2 || '%' as has from request where workspace_id = $1 order by id",
      [pipeline.workspace_id, bytes.toString("base64")],
    );
    expect(requests.map(({ has }) => has)).toEqual([true, false]);
  });

  it("cannot be given the files of another request by its trigger", async ({ pipeline }) => {
    const secret = await send(pipeline, [inline("a.pdf", Buffer.from("secret"))]);
    await settled(pipeline);
    await send(pipeline, [{ filename: "a.pdf", size: 6, stored: { request_id: secret, index: 0 } }]);

    expect((await settled(pipeline, 2))[1]).toMatchObject({
      status: "trigger_failed",
      failure_reason: "attachment a.pdf: it has neither data nor a URL",
    });
  });

  it("has name, type, size and hash of them stored by the simulator", async ({ pipeline, harness }) => {
    const gone = { url: `${fileServer.url}/gone`, ignore_if_error: true };
    await send(pipeline, [inline("a.pdf", Buffer.from("Hello")), gone]);
    await settled(pipeline);

    const { workspace } = pipeline;
    const { body } = await createManagement(harness, workspace).call("GET", "simulator");
    const hash = sha256(Buffer.from("Hello"));
    expect(body.results).toMatchObject([
      {
        status: "sent_by_vendor",
        attachments: {
          files: [{ filename: "a.pdf", content_type: "application/pdf", size: 5, sha256: hash }],
          left_out: [{ filename: "gone", code: "attachment_http_404", reason: "HTTP status 404" }],
        },
      },
    ]);
  });

  it("that needs several attempts has them in its log once", async ({ pipeline }) => {
    await send(pipeline, [inline("a.pdf", Buffer.from("Hello"))], { to: ["defer+1@example.com"] });
    await waiting(pipeline, 1);
    await hurry(pipeline);
    await waiting(pipeline, 2);
    await hurry(pipeline);
    await settled(pipeline);

    expect((await events(pipeline)).map(({ kind, detail }) => [kind, detail.attempt])).toEqual([
      ["attempt_failed", 1],
      ["attempt_failed", 2],
      ["attached", 3],
    ]);
  });

  it("shows them in a dry run, which fetches nothing", async ({ pipeline }) => {
    const files = [inline("a.pdf", Buffer.from("Hello")), { url: `${fileServer.url}/dry?token=t` }, {}];
    const { status, json } = await pipeline.call("POST", "/trigger/?dry_run=true", {
      workflow: "mail",
      recipients: [{ distinct_id: "ann", $email: "ann@example.com" }],
      data: { $attachments: files },
    });
    expect(status).toBe(200);
    const [recipient] = (json as { recipients: { messages: JsonObject[]; steps: JsonObject[] }[] })
      .recipients;
    expect(recipient?.messages[0]?.attachments).toEqual([
      { filename: "a.pdf", contentType: "application/pdf", size: 5 },
      { filename: null, contentType: null, size: null, url: `${fileServer.url}/dry` },
      { filename: null, contentType: null, size: null, problem: "it has neither data nor a URL" },
    ]);
    expect(recipient?.steps.find(({ stage }) => stage === "attachment_unusable")).toMatchObject({
      severity: "warning",
    });
    expect(fileServer.requests.filter(({ path }) => path.startsWith("/dry"))).toEqual([]);
  });
});

describe("a file that cannot be loaded", () => {
  it("fails the mail, which reaches no vendor", async ({ pipeline }) => {
    await sendForReal(pipeline);
    await send(pipeline, [{ filename: "gone.pdf", url: `${fileServer.url}/gone` }]);

    expect((await settled(pipeline))[0]).toMatchObject({
      status: "trigger_failed",
      failure_class: "message",
      failure_reason: "attachment gone.pdf: HTTP status 404",
      attempt: 1,
    });
    expect(mailServer.mails).toEqual([]);
  });

  it("is left out where it says so, and the log of the message warns of it", async ({ pipeline }) => {
    await sendForReal(pipeline);
    await send(pipeline, [
      { filename: "gone.pdf", url: `${fileServer.url}/gone`, ignore_if_error: true },
      inline("here.pdf", Buffer.from("Hello")),
    ]);

    expect((await settled(pipeline))[0]).toMatchObject({ status: "sent_by_vendor", attempt: 1 });
    expect(mailServer.mails[0]?.raw).toContain("filename=here.pdf");
    expect(mailServer.mails[0]?.raw).not.toContain("gone.pdf");
    expect(await events(pipeline)).toMatchObject([
      {
        kind: "attachments_left_out",
        detail: {
          files: [{ filename: "here.pdf" }],
          left_out: [{ filename: "gone.pdf", code: "attachment_http_404", reason: "HTTP status 404" }],
        },
      },
    ]);
  });

  it("temporarily is tried again, and then the mail is sent with it", async ({ pipeline }) => {
    await sendForReal(pipeline);
    served.set("/later.pdf", [503, ""]);
    await send(pipeline, [{ url: `${fileServer.url}/later.pdf` }]);
    expect(await waiting(pipeline, 1)).toMatchObject({
      status: "triggered",
      failure_class: "transient",
      failure_reason: "attachment later.pdf: HTTP status 503",
    });
    served.set("/later.pdf", [200, "at last"]);
    await hurry(pipeline);

    expect((await settled(pipeline))[0]).toMatchObject({
      status: "sent_by_vendor",
      attempt: 2,
      failure_reason: null,
    });
    expect(mailServer.mails[0]?.raw).toContain(Buffer.from("at last").toString("base64"));
    expect((await events(pipeline)).map(({ kind }) => kind)).toEqual(["attempt_failed", "attached"]);
  });

  it("temporarily and is optional delays its mail for two retries", async ({ pipeline }) => {
    await sendForReal(pipeline);
    served.set("/slow.pdf", [503, ""]);
    await send(pipeline, [{ url: `${fileServer.url}/slow.pdf`, ignore_if_error: true }]);
    await waiting(pipeline, 1);
    await hurry(pipeline);
    await waiting(pipeline, 2);
    await hurry(pipeline);

    expect((await settled(pipeline))[0]).toMatchObject({ status: "sent_by_vendor", attempt: 3 });
    expect((await events(pipeline)).at(-1)).toMatchObject({
      kind: "attachments_left_out",
      detail: { attempt: 3 },
    });
  });

  it("because its request is gone fails the mail with that reason", async ({ pipeline, harness }) => {
    await sendForReal(pipeline);
    // One of two files delays the mail until the request of the other is gone and no longer cached.
    served.set("/later.pdf", [503, ""]);
    await send(pipeline, [inline("a.pdf", Buffer.from("Hello")), { url: `${fileServer.url}/later.pdf` }]);
    await waiting(pipeline, 1);
    await worker.stop();
    served.set("/later.pdf", [200, "at last"]);
    await harness.services.db.query("delete from request where workspace_id = $1", [pipeline.workspace_id]);
    worker = await startWorker(harness);
    await hurry(harness);

    expect((await settled(pipeline))[0]).toMatchObject({
      status: "trigger_failed",
      failure_reason: "attachment a.pdf: the request that brought it has outlived its retention",
    });
  });

  it("costs text messages nothing: only mails carry files", async ({ pipeline }) => {
    await pipeline.addTemplate("both", ["email", "sms"]);
    await pipeline.commit("both", [node("send_multi_channel", "multi_1", { template: "both" })]);
    await pipeline.trigger({
      workflow: "both",
      recipients: [{ distinct_id: "ann", $email: "ann@example.com", $sms: "+14155550100" }],
      data: { $attachments: "not a list" },
    });
    const rows = await settled(pipeline, 2);
    expect(Object.fromEntries(rows.map(({ channel, status }) => [channel, status]))).toEqual({
      email: "trigger_failed",
      sms: "sent_by_vendor",
    });
    expect(rows.find(({ channel }) => channel === "email")?.failure_reason).toBe(
      "attachment 1: $attachments is not a list",
    );
  });
});
