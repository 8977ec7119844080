import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stock from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { type Carillon, type CarillonError, createCarillon } from "../../packages/sdk/src/index.ts";
import { publish } from "../support/content.ts";
import { findPart } from "../support/mime.ts";
import { createWorld, type World } from "../support/world.ts";

/*
 * What the flows of the stock SDK do, by the SDK's own names, against a server process: what the database holds, and
 * what arrives at a mail server.
 */
let world: World;
let carillon: Carillon;

beforeAll(async () => {
  world = await createWorld(stock);
  const { url, credentials } = world.server;
  const { ws_key: key, ws_secret: secret, service_token: serviceToken } = credentials;
  carillon = createCarillon({ url, key, secret, serviceToken, workspace: "staging", retryDelay: () => 0 });
  await publish(world);
});
afterAll(() => world.close());

/** A client whose requests arrive, and whose first two answers do not. */
function createUnlucky() {
  let attempts = 0;
  const { ws_key: key, ws_secret: secret } = world.server.credentials;
  const client = createCarillon({
    url: world.server.url,
    key,
    secret,
    retryDelay: () => 0,
    fetch: async (...args) => {
      const response = await fetch(...args);
      if (++attempts < 3) throw new TypeError("the connection was lost");
      return response;
    },
  });
  return { client, attempts: () => attempts };
}

const order = (more: object = {}) => ({ order: { id: "A-1", note: "fine", ...more } });

describe("one trigger", () => {
  it("becomes a mail with everything in its template", async () => {
    const { message_id } = await carillon.workflows.trigger("order-mail", {
      to: { distinct_id: "zoë", $email: "zoe@example.com", name: "Zoë Ångström" },
      actor: { distinct_id: "clerk", name: "Clerk & Sons" },
      data: order({ note: "5 < 6 €" }),
    });
    const { mime } = await world.mailTo("zoe@example.com");

    expect(mime.headers.subject).toBe("Bestellung A-1 – Grüße an Zoë Ångström 🛎️");
    expect(findPart(mime, "text/plain")?.body.toString().trim()).toBe("Ordered by Clerk & Sons: 5 < 6 €");
    const runs = await until(async () => {
      const rows = await world.db.query("select status from run where request_id = $1", [message_id]);
      return rows.length > 0 ? rows : null;
    });
    expect(runs).toHaveLength(1);
  });

  it("has its attachments arrive byte by byte: paths, bytes, streams, base64 and addresses", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carillon-e2e-"));
    try {
      const bytes = randomBytes(20_000);
      await writeFile(join(folder, "data.pdf"), bytes);
      const stream = new Blob([bytes]).stream();
      await carillon.workflows.trigger("order-mail", {
        to: { distinct_id: "filer", $email: "files@example.com" },
        data: order(),
        attachments: [
          { path: join(folder, "data.pdf"), filename: "Rechnung März.pdf" },
          { bytes: new Uint8Array(bytes), filename: "bytes.png" },
          { stream, filename: "stream.bin" },
          { base64: Buffer.from("Grüße\n").toString("base64"), filename: "note.txt" },
          { url: `${world.server.url}/missing.png`, ignoreIfError: true },
        ],
      });
      const { mime } = await world.mailTo("files@example.com");
      const files = mime.parts.filter(({ headers }) =>
        headers["content-disposition"]?.startsWith("attachment"),
      );
      expect(files.map(({ type, filename }) => [type, filename])).toEqual([
        ["application/pdf", "Rechnung März.pdf"],
        ["image/png", "bytes.png"],
        ["application/octet-stream", "stream.bin"],
        ["text/plain", "note.txt"],
      ]);
      for (const file of files.slice(0, 3)) expect(file.body.equals(bytes)).toBe(true);
      expect(files[3]?.body.toString()).toBe("Grüße\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("whose answer is lost is sent again, and is one mail", async () => {
    const unlucky = createUnlucky();
    const { message_id } = await unlucky.client.workflows.trigger("order-mail", {
      to: { distinct_id: "once", $email: "once@example.com" },
      data: order(),
    });
    await world.mailTo("once@example.com");

    expect(unlucky.attempts()).toBe(3);
    const requests = await world.db.query<{ status: string }>(
      "select status from request where body -> 'recipients' -> 0 ->> 'distinct_id' = 'once' order by id",
    );
    expect(requests.map(({ status }) => status).toSorted()).toEqual(["accepted", "skipped", "skipped"]);
    expect(await world.db.query("select 1 from run where request_id = $1", [message_id])).toHaveLength(1);
    expect(world.mails.filter(({ to }) => to.includes("once@example.com"))).toHaveLength(1);
  });
});

describe("many triggers", () => {
  it("run, except for those that are refused, each in its place", async () => {
    const records = Array.from({ length: 230 }, (_none, index) => ({
      workflow: index === 3 ? "no-such-workflow" : index === 107 ? "switched-off" : "order-mail",
      to: index === 211 ? [] : `crowd-${index}`,
      data: order(),
    }));
    const result = await carillon.workflows.triggerMany(records);

    expect(result).toMatchObject({ status: "partial", total: 230, success: 227, failure: 3 });
    expect(result.failed_records.map(({ index, code, error }) => [index, code, error])).toEqual([
      [3, 404, "workflow 'no-such-workflow' not found"],
      [107, 400, "workflow with slug 'switched-off' is disabled"],
      [211, 0, "to: must contain at least 1 item"],
    ]);
    const people = await until(async () => {
      const rows = await world.db.query<{ distinct_id: string }>(
        "select distinct_id from run where distinct_id like 'crowd-%' and status <> 'in_progress'",
      );
      return rows.length === 227 ? rows : null;
    });
    expect(new Set(people.map(({ distinct_id }) => distinct_id)).size).toBe(227);
  });
});

describe("an edit of many users whose answer is lost", () => {
  it("is applied once", async () => {
    const unlucky = createUnlucky();
    const result = await unlucky.client.users.editMany([
      { user: "counted", edit: (user) => user.increment({ logins: 1 }).append({ tags: "a" }) },
    ]);

    expect(unlucky.attempts()).toBe(3);
    expect(result).toMatchObject({ status: "success", total: 1 });
    expect((await carillon.users.get("counted")).properties).toEqual({ logins: 1, tags: ["a"] });
  });
});

describe("an event and its messages", () => {
  it("starts its workflow, and what was sent is listed", async () => {
    await carillon.users.upsert("eve", { $email: "eve@example.com", name: "Eve" });
    await carillon.events.track("Signed Up", {
      user: "eve",
      properties: order({ id: "E-1", note: "by event" }),
      idempotencyKey: "eve-1",
    });
    const { mime } = await world.mailTo("eve@example.com");
    expect(mime.headers.subject).toBe("Bestellung E-1 – Grüße an Eve 🛎️");
    const message = await until(async () => {
      const { results } = await carillon.messages.list({ idempotency_key: "eve-1" }).page();
      return results.find(({ status }) => status === "sent_by_vendor");
    });
    expect(message).toMatchObject({ channel: "email", vendor: { name: "smtp", nickname: "loopback" } });
  });
});

describe("a broadcast", () => {
  it("reaches everybody in a list, and says how far it is", async () => {
    const readers = ["reader-1", "reader-2"];
    for (const name of readers) await carillon.users.upsert(name, { $email: `${name}@example.com` });
    await carillon.lists.upsert("readers", { name: "Readers" });
    await carillon.lists.add("readers", [...readers, "nobody"]);
    await carillon.broadcasts.send("readers", {
      template: "order",
      category: "promotional",
      channels: ["email"],
      data: order({ id: "B-1", note: "to all" }),
      idempotencyKey: "readers-1",
    });
    for (const name of readers) {
      const { mime } = await world.mailTo(`${name}@example.com`);
      expect(mime.headers.subject).toContain("Bestellung B-1");
    }
    const [one] = await until(async () => {
      const { results } = await carillon.broadcasts.list({ idempotency_key: "readers-1" }).page();
      return results[0]?.status === "completed" ? results : null;
    });
    expect(one).toMatchObject({
      list_id: "readers",
      progress: { recipients: 2, triggered: 2, percent: 100 },
    });
    const { execution_id } = one ?? { execution_id: "" };
    expect(await carillon.broadcasts.get(execution_id)).toEqual(one);
    expect(await carillon.logs.broadcast(execution_id)).toEqual(one);
    const { meta } = await carillon.logs.executions({ broadcast: execution_id }).page();
    expect(meta.count).toBe(2);
    const messages = await carillon.messages.list({ execution_id, is_campaign: true }).page();
    expect(messages.results.map(({ channel }) => channel)).toEqual(["email", "email"]);
  });

  it("is cancelled before its time", async () => {
    await carillon.broadcasts.send("readers", {
      template: "order",
      category: "promotional",
      triggerAt: new Date(Date.now() + 3_600_000),
      idempotencyKey: "readers-2",
    });
    const { execution_ids } = await carillon.broadcasts.cancel({ list: "readers" });
    expect(execution_ids).toHaveLength(1);
    expect(await carillon.broadcasts.get(execution_ids[0] ?? "")).toMatchObject({ status: "cancelled" });
  });
});

it("a request of a stranger is refused, with the id under which the server logs it", async () => {
  const stranger = createCarillon({
    url: world.server.url,
    key: world.server.credentials.ws_key,
    secret: "not the secret",
  });
  const error = await stranger.users.get("ann").catch((reason: unknown) => reason as CarillonError);
  expect(error).toMatchObject({
    status: 401,
    code: "not_authenticated",
    requestId: expect.stringMatching(/^[0-9A-Z]{26}$/),
  });
});
