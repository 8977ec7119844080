import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { publish } from "./content.ts";
import { findPart } from "./mime.ts";
import { createWorld, type World } from "./world.ts";

/** The names of the stock SDK, and how far the module that has them reads what the server answers. */
export interface SdkModule {
  sdk: typeof suprsend;
  /** Whether it reads the entry of each record of a bulk trigger, or takes all for accepted. */
  readsRecords: boolean;
}

/**
 * What users of the stock Node SDK do, against a server process: what they see, what the database holds, and what
 * arrives at a mail server.
 */
export function sdkFlows({ sdk, readsRecords }: SdkModule): void {
  const { Event, Suprsend, WorkflowTriggerRequest } = sdk;

  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
    await publish(world);
  });
  afterAll(() => world.close());

  /** The SDK's actual return value for a trigger; its types describe only the bulk form. */
  interface Answer {
    success: boolean;
    status: string;
    status_code: number;
    message: string;
  }

  const trigger = async (body: object, options: object = {}): Promise<Answer> =>
    (await client.workflows.trigger(new WorkflowTriggerRequest(body, options))) as unknown as Answer;

  /** Triggers, and requires acceptance; returns the request's id. */
  async function accepted(body: object, options: object = {}): Promise<string> {
    const answer = await trigger(body, options);
    expect(answer).toMatchObject({ success: true, status: "success", status_code: 202 });
    const { status, message_id } = JSON.parse(answer.message) as { status: string; message_id: string };
    expect(status).toBe("success");
    return message_id;
  }

  const order = (more: object = {}) => ({ order: { id: "A-1", note: "fine", ...more } });

  interface RunRow {
    id: string;
    distinct_id: string;
    status: string;
  }

  const runsOf = (request_id: string) =>
    world.db.query<RunRow>("select id, distinct_id, status from run where request_id = $1 order by id", [
      request_id,
    ]);

  /** The runs of a request, once all of them are over. */
  const finished = (request_id: string) =>
    until(async () => {
      const runs = await runsOf(request_id);
      return runs.length > 0 && runs.every(({ status }) => status !== "in_progress") ? runs : null;
    });

  /** The problems in the request log. */
  const problemsOf = (request_id: string) =>
    until(async () => {
      const [row] = await world.db.query<{ status: string; errors: object[] | null }>(
        "select status, errors from request where id = $1",
        [request_id],
      );
      return row?.errors == null ? null : row;
    });

  interface User {
    distinct_id: string;
    properties: Record<string, unknown>;
    $email?: { value: string; status: string }[];
  }

  const user = async (distinct_id: string) => (await client.users.get(distinct_id)) as User;
  const valuesOf = (identities: { value: string }[] | undefined) =>
    (identities ?? []).map(({ value }) => value);

  describe("one trigger", () => {
    it("becomes a mail with everything in its template", async () => {
      const request_id = await accepted({
        workflow: "order-mail",
        recipients: [
          { distinct_id: "zoë", $email: ["zoë@example.com", "zoe@example.com"], name: "Zoë Ångström" },
        ],
        actor: { distinct_id: "clerk", name: "Clerk & Sons" },
        data: order({ note: "5 < 6 €" }),
      });
      const mail = await world.mailTo("zoe@example.com");

      expect(mail.from).toBe("hello@acme.test");
      expect(mail.to).toEqual(["zoe@example.com"]);
      const { headers } = mail.mime;
      expect(headers.from).toBe("Staging Shop <hello@acme.test>");
      expect(headers.to).toBe("zoe@example.com");
      expect(headers["reply-to"]).toBe("help@acme.test");
      expect(headers.subject).toBe("Bestellung A-1 – Grüße an Zoë Ångström 🛎️");
      expect(mail.mime.type).toBe("multipart/alternative");
      expect(findPart(mail.mime, "text/html")?.body.toString()).toContain(
        "<p>Ordered by Clerk &amp; Sons: 5 &lt; 6 €</p>",
      );
      expect(findPart(mail.mime, "text/plain")?.body.toString().trim()).toBe(
        "Ordered by Clerk & Sons: 5 < 6 €",
      );

      const [run] = await finished(request_id);
      expect(run).toMatchObject({ distinct_id: "zoë", status: "completed" });
      const messages = await until(async () => {
        const rows = await world.db.query<{
          status: string;
          vendor_slug: string;
          vendor_message_id: string;
          id: string;
        }>(
          `select id, status, vendor_slug, vendor_message_id from message
            where execution_id = $1 and channel_value::text = '"zoe@example.com"'`,
          [run?.id],
        );
        return rows.every(({ status }) => status === "sent_by_vendor") ? rows : null;
      });
      expect(messages).toMatchObject([{ vendor_slug: "smtp-email", vendor_message_id: "4Q7xYz0001" }]);
      expect(headers["message-id"]).toBe(`<${messages[0]?.id}@acme.test>`);
    });

    it("stores its recipients' inline profiles, and is answered for each of them", async () => {
      const request_id = await accepted({
        workflow: "order-mail",
        recipients: [
          "plain-id",
          { distinct_id: "rich", $email: "rich@example.com", plan: "gold", $timezone: "Asia/Kolkata" },
        ],
        data: order(),
      });
      await world.mailTo("rich@example.com");

      const runs = await finished(request_id);
      expect(runs.map(({ distinct_id, status }) => [distinct_id, status])).toEqual([
        ["plain-id", "partial_failure"],
        ["rich", "completed"],
      ]);
      expect(await user("rich")).toMatchObject({
        properties: { plan: "gold", $timezone: "Asia/Kolkata" },
        $email: [{ value: "rich@example.com", status: "active" }],
      });
      expect(valuesOf((await user("plain-id")).$email)).toEqual([]);
    });

    it("uses only the channels it names, and the addresses it brings", async () => {
      await client.users.upsert("choosy", { $email: "stored@example.com", $sms: "+14155550100" });
      const request_id = await accepted({
        workflow: "order-all",
        recipients: [{ distinct_id: "choosy", $email: "inline@example.com", $channels: ["email"] }],
        data: order(),
      });
      await world.mailTo("inline@example.com");
      const [run] = await finished(request_id);

      const messages = await world.db.query(
        "select channel, channel_value from message where execution_id = $1",
        [run?.id],
      );
      expect(messages).toEqual([{ channel: "email", channel_value: "inline@example.com" }]);
      expect(world.mails.some(({ to }) => to.includes("stored@example.com"))).toBe(false);
      expect(valuesOf((await user("choosy")).$email)).toEqual(["stored@example.com", "inline@example.com"]);
    });

    it("reaches a transient user and keeps nothing of them", async () => {
      const request_id = await accepted({
        workflow: "order-mail",
        recipients: [{ is_transient: true, $email: "guest@example.com", name: "Guest" }],
        data: order(),
      });
      const { mime } = await world.mailTo("guest@example.com");

      expect(mime.headers.subject).toContain("Guest");
      const [run] = await finished(request_id);
      expect(run?.distinct_id).toMatch(/^_transient_/);
      const people = await world.db.query("select 1 from identity where value = '\"guest@example.com\"'");
      expect(people).toEqual([]);
    });

    it("creates no profile when asked not to", async () => {
      const request_id = await accepted({
        workflow: "order-mail",
        recipients: [{ distinct_id: "nobody", $skip_create: true }],
        actor: { distinct_id: "no-actor", $skip_create: true },
        data: order(),
      });

      expect(await problemsOf(request_id)).toMatchObject({
        status: "failure",
        errors: [{ error_code: "user_not_found" }],
      });
      await expect(client.users.get("nobody")).rejects.toThrow("404");
      await expect(client.users.get("no-actor")).rejects.toThrow("404");
    });

    it("of a tenant that does not exist is accepted, and refused in the log", async () => {
      const request_id = await accepted(
        {
          workflow: "order-mail",
          recipients: [{ distinct_id: "ann", $email: "tenant@example.com" }],
          data: order(),
        },
        { tenant_id: "acme" },
      );

      expect(await problemsOf(request_id)).toMatchObject({
        status: "failure",
        errors: [{ error_description: "[workflow: order-mail] tenant doesn't exist with id: acme" }],
      });
      expect(await runsOf(request_id)).toEqual([]);
    });

    it("sent twice under one idempotency key runs once", async () => {
      const body = {
        workflow: "order-mail",
        recipients: [{ distinct_id: "ann", $email: "once@example.com" }],
        data: order(),
      };
      const [first, second] = await Promise.all([
        accepted({ ...body }, { idempotency_key: "order-A-1" }),
        accepted({ ...body }, { idempotency_key: "order-A-1" }),
      ]);
      const third = await accepted({ ...body }, { idempotency_key: "order-A-1" });

      expect([second, third]).toEqual([first, first]);
      expect(await finished(first)).toHaveLength(1);
      const requests = await world.db.query<{ status: string }>(
        "select status from request where idempotency_key = 'order-A-1' order by id",
      );
      expect(requests.map(({ status }) => status).toSorted()).toEqual(["accepted", "skipped", "skipped"]);
      await world.mailTo("once@example.com");
      expect(world.mails.filter(({ to }) => to.includes("once@example.com"))).toHaveLength(1);
    });

    it("has its attachments arrive byte by byte, under their names", async () => {
      const folder = await mkdtemp(join(tmpdir(), "carillon-e2e-"));
      try {
        const bytes = randomBytes(20_000);
        await writeFile(join(folder, "data.pdf"), bytes);
        await writeFile(join(folder, "note.txt"), "Grüße\n");
        const request = new WorkflowTriggerRequest({
          workflow: "order-mail",
          recipients: [{ distinct_id: "ann", $email: "files@example.com" }],
          data: order(),
        });
        request.add_attachment(join(folder, "data.pdf"), { file_name: "Rechnung März.pdf" });
        request.add_attachment(join(folder, "note.txt"));
        request.add_attachment(`${world.server.url}/missing.png`, { ignore_if_error: true });
        expect(await client.workflows.trigger(request)).toMatchObject({ success: true });
        const { mime } = await world.mailTo("files@example.com");

        expect(mime.type).toBe("multipart/mixed");
        const files = mime.parts.filter(({ headers }) =>
          headers["content-disposition"]?.startsWith("attachment"),
        );
        expect(files.map(({ type, filename }) => [type, filename])).toEqual([
          ["application/pdf", "Rechnung März.pdf"],
          ["text/plain", "note.txt"],
        ]);
        expect(files[0]?.body.equals(bytes)).toBe(true);
        expect(files[1]?.body.toString()).toBe("Grüße\n");
        expect(findPart(mime, "text/html")).not.toBeNull();
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe("many triggers in one call", () => {
    it("run, except for invalid ones, which do not affect the others", async () => {
      const bulk = client.workflows.bulk_trigger_instance();
      const name = (index: number) => `bulk-${index}`;
      for (let index = 0; index < 12; index++) {
        const workflow = index === 3 ? "no-such-workflow" : index === 7 ? "switched-off" : "order-mail";
        const recipients = [{ distinct_id: name(index), $email: `${name(index)}@example.com` }];
        bulk.append(new WorkflowTriggerRequest({ workflow, recipients, data: order({ id: name(index) }) }));
      }
      // The SDK sends nothing that fails its own checks.
      bulk.append(new WorkflowTriggerRequest({ workflow: "order-mail", recipients: [], data: {} }));
      const answer = await bulk.trigger();

      const failure = readsRecords ? 3 : 1;
      expect(answer).toMatchObject({ status: "partial", total: 13, success: 13 - failure, failure });
      expect(answer.failed_records).toHaveLength(failure);
      const good = [0, 1, 2, 4, 5, 6, 8, 9, 10, 11];
      for (const index of good) {
        const { mime } = await world.mailTo(`${name(index)}@example.com`);
        expect(mime.headers.subject).toContain(name(index));
      }
      const requests = await world.db.query<{ id: string }>(
        "select body -> 'recipients' -> 0 ->> 'distinct_id' as id from request where body::text like '%bulk-%' and status <> 'refused' order by id",
      );
      expect(requests.map(({ id }) => id).toSorted()).toEqual(good.map(name).toSorted());
    });

    it("are answered one by one and in order", async () => {
      const bodies = ["order-mail", "no-such-workflow", "order-mail", "switched-off"].map((workflow) => ({
        workflow,
        recipients: ["ordered"],
        data: order(),
      }));
      const response = await fetch(new URL("trigger/", world.server.url), {
        method: "POST",
        headers: {
          authorization: `Bearer ${world.server.credentials.api_key}`,
          "content-type": "application/json",
        },
        body: JSON.stringify([...bodies, { workflow: "order-mail" }]),
      });

      expect(response.status).toBe(207);
      const { status, records } = (await response.json()) as {
        status: string;
        records: Record<string, unknown>[];
      };
      expect(status).toBe("success");
      expect(records).toMatchObject([
        { status: "success", status_code: 202 },
        {
          status: "error",
          status_code: 404,
          error: { type: "not_found", message: "workflow 'no-such-workflow' not found" },
        },
        { status: "success", status_code: 202 },
        {
          status: "error",
          status_code: 400,
          error: { message: "workflow with slug 'switched-off' is disabled" },
        },
        { status: "error", status_code: 400, error: { message: '{"recipients":"is a required field"}' } },
      ]);
      expect(records[0]?.message_id).not.toBe(records[2]?.message_id);
    });

    it("may exceed the size of one call: the SDK splits them, and all of them run", async () => {
      const bulk = client.workflows.bulk_trigger_instance();
      for (let index = 0; index < 230; index++) {
        bulk.append(
          new WorkflowTriggerRequest({
            workflow: "order-mail",
            recipients: [`crowd-${index}`],
            data: order(),
          }),
        );
      }
      expect(await bulk.trigger()).toMatchObject({ status: "success", total: 230, success: 230, failure: 0 });

      const people = await until(async () => {
        const rows = await world.db.query<{ distinct_id: string }>(
          "select distinct_id from run where distinct_id like 'crowd-%' and status <> 'in_progress'",
        );
        return rows.length === 230 ? rows : null;
      });
      expect(new Set(people.map(({ distinct_id }) => distinct_id)).size).toBe(230);
    });
  });

  describe("a trigger that contains its workflow", () => {
    it("is sent by the template and category that it names", async () => {
      const answer = await client.trigger_workflow({
        name: "One off",
        template: "order",
        notification_category: "transactional",
        users: [{ distinct_id: "dyn", $email: ["dynamic@example.com"] }],
        data: order({ id: "D-1" }),
      });

      expect(answer).toMatchObject({ success: true, status_code: 202 });
      expect((await world.mailTo("dynamic@example.com")).mime.headers.subject).toContain("D-1");
    });
  });

  describe("a tracked event", () => {
    it("starts its workflow for a user who exists", async () => {
      await client.users.upsert("eve", { $email: "eve@example.com", name: "Eve" });
      const answer = await client.track_event(
        new Event("eve", "Signed Up", { order: { id: "E-1", note: "by event" } }),
      );

      expect(answer).toMatchObject({ success: true, status_code: 202 });
      const { mime } = await world.mailTo("eve@example.com");
      expect(mime.headers.subject).toBe("Bestellung E-1 – Grüße an Eve 🛎️");
      // An event's user is also its actor.
      expect(findPart(mime, "text/plain")?.body.toString()).toContain("Ordered by Eve: by event");
    });

    it("has its attachments arrive too", async () => {
      const folder = await mkdtemp(join(tmpdir(), "carillon-e2e-"));
      try {
        await client.users.upsert("filer", { $email: "filer@example.com", name: "Filer" });
        await writeFile(join(folder, "unknown.kind"), "no type is known for it");
        const event = new Event("filer", "Signed Up", order());
        event.add_attachment(join(folder, "unknown.kind"));
        expect(await client.track_event(event)).toMatchObject({ success: true });
        const { mime } = await world.mailTo("filer@example.com");

        const file = mime.parts.find(({ filename }) => filename === "unknown.kind");
        expect(file).toMatchObject({ type: "application/octet-stream" });
        expect(file?.body.toString()).toBe("no type is known for it");
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it("of a user who does not exist is accepted, creates nobody, and is reported in the log", async () => {
      const event = new Event("phantom", "Signed Up", order(), { idempotency_key: "phantom-1" });
      expect(await client.track_event(event)).toMatchObject({ success: true, status_code: 202 });

      const row = await until(async () => {
        const [one] = await world.db.query<{ id: string }>(
          "select id from request where idempotency_key = 'phantom-1'",
        );
        return one;
      });
      expect(await problemsOf(row.id)).toMatchObject({
        status: "failure",
        errors: [{ error_description: "user [distinct_id: 'phantom'] not found" }],
      });
      await expect(client.users.get("phantom")).rejects.toThrow("404");
    });

    it("that starts nothing is accepted nevertheless", async () => {
      const before = await world.db.query("select 1 from run");
      expect(await client.track_event(new Event("eve", "Nothing Listens", {}))).toMatchObject({
        success: true,
      });
      expect(await client.track_event(new Event("eve", "$app_launched", {}))).toMatchObject({
        success: true,
      });

      expect(await world.db.query("select 1 from run")).toHaveLength(before.length);
    });

    it("is one of many in one call", async () => {
      const bulk = client.bulk_events.new_instance();
      for (let index = 0; index < 5; index++) {
        await client.users.upsert(`many-${index}`, { $email: `many-${index}@example.com` });
        bulk.append(new Event(`many-${index}`, "Signed Up", order({ id: `M-${index}` })));
      }
      bulk.append(new Event("many-0", "$reserved", {}));
      const answer = await bulk.trigger();

      expect(answer).toMatchObject({ status: "partial", total: 6, success: 5, failure: 1 });
      for (let index = 0; index < 5; index++) {
        const { mime } = await world.mailTo(`many-${index}@example.com`);
        expect(mime.headers.subject).toContain(`M-${index}`);
      }
    });
  });

  describe("messages", () => {
    interface List {
      meta: { count: number };
      results: Record<string, unknown>[];
    }

    it("are listed by recipient and by status", async () => {
      const request_id = await accepted(
        {
          workflow: "order-all",
          recipients: [{ distinct_id: "mia", $email: "mia@example.com", $sms: "+14155550008" }],
          data: order(),
        },
        { idempotency_key: "mia-1" },
      );
      await world.mailTo("mia@example.com");
      await finished(request_id);
      const settled = await until(async () => {
        const page = (await client.messages.list({ recipient_id: "mia" })) as List;
        return page.results.length === 2 && page.results.every(({ status }) => status !== "triggered")
          ? page
          : null;
      });

      expect(Object.fromEntries(settled.results.map(({ channel, status }) => [channel, status]))).toEqual({
        email: "sent_by_vendor",
        sms: "trigger_failed",
      });
      const failed = (await client.messages.list({
        recipient_id: ["mia", "nobody"],
        status: ["delivery_failed"],
        idempotency_key: "mia-1",
      })) as List;
      expect(failed.results).toMatchObject([
        {
          channel: "sms",
          failure_reason: "simulated: reject",
          workflow: { slug: "order-all", node_ref: "all" },
          template: { slug: "order", version_no: 1 },
          recipient: { $type: "user", distinct_id: "mia" },
          channel_identity: { sms: "+14155550008" },
          idempotency_key: "mia-1",
        },
      ]);
      const mails = (await client.messages.list({ recipient_id: "mia", channel: "email" })) as List;
      expect(mails.results).toMatchObject([{ vendor: { name: "smtp", nickname: "loopback" } }]);
    });
  });

  describe("an impossible request", () => {
    it("is refused to a client with the wrong secret, everywhere", async () => {
      const { ws_key } = world.server.credentials;
      const stranger = new Suprsend(ws_key, "not the secret", { base_url: world.server.url });
      const body = { workflow: "order-mail", recipients: ["ann"], data: {} };

      const answer = await stranger.workflows.trigger(new WorkflowTriggerRequest(body));
      expect(answer).toMatchObject({ success: false, status: "fail", status_code: 401 });
      expect(await stranger.track_event(new Event("ann", "Signed Up", {}))).toMatchObject({
        status_code: 401,
      });
      await expect(stranger.users.get("ann")).rejects.toThrow(/^401: /);
      await expect(stranger.users.upsert("ann", {})).rejects.toThrow(/^401: /);
      await expect(stranger.messages.list()).rejects.toThrow(/^401: /);
    });

    it("is refused to a client with an unknown key", async () => {
      const stranger = new Suprsend("no-such-key", "secret", { base_url: world.server.url });

      await expect(stranger.users.list()).rejects.toThrow(/^401: /);
    });

    it("is refused for a disabled workflow, and for one that does not exist", async () => {
      const off = await trigger({ workflow: "switched-off", recipients: ["ann"], data: {} });
      expect(off).toMatchObject({ success: false, status_code: 400 });
      expect(JSON.parse(off.message)).toMatchObject({
        message: "workflow with slug 'switched-off' is disabled",
      });

      const missing = await trigger({ workflow: "no-such-workflow", recipients: ["ann"], data: {} });
      expect(missing).toMatchObject({ success: false, status_code: 404 });
      expect(JSON.parse(missing.message)).toMatchObject({
        error: { type: "not_found", message: "workflow 'no-such-workflow' not found" },
      });
    });

    it("is reported with its reason for invalid recipients", async () => {
      const answer = await trigger({ workflow: "order-mail", recipients: [{ name: "Nobody" }], data: {} });

      expect(answer).toMatchObject({ success: false, status_code: 400 });
      expect(answer.message).toContain("one of [distinct_id, object_type/id] must be present");
    });
  });

  it("the server stops on a signal, without errors, and with nothing left undone", async () => {
    const request_id = await accepted({
      workflow: "order-mail",
      recipients: [{ distinct_id: "last", $email: "last@example.com" }],
      data: order(),
    });
    await world.mailTo("last@example.com");
    await finished(request_id);

    expect(await world.server.stop()).toBe(0);
    expect(world.server.output()).not.toMatch(/"level":"(?:error|fatal)"/);
    const left = await world.db.query("select 1 from pgboss.job where state = 'active'");
    expect(left).toEqual([]);
  });
}
