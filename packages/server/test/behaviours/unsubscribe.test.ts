import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import email from "../../src/channels/email.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { linkExpiry, signLink } from "../../src/preferences/hosted/link.ts";
import { insertTemplate, insertWorkflow, workflowOf } from "../authored.ts";
import { createHarness, type Harness, until } from "../harness.ts";
import { createHub, type Hub } from "../hub.ts";
import { headersOf, type MailServer, serveMail } from "../outside/smtp.ts";
import { furnishPreferences } from "../preferences/desk.ts";
import { find, furnishPages, on, page } from "../preferences/pages.ts";

/* Leaving by a real mail: what a mail program finds in it, and what comes of its button. */
const PLACE = "https://notify.example.com";

let harness: Harness;
let server: MailServer;
let hub: Hub;
let ann: string;

beforeAll(async () => {
  harness = await createHarness({ env: { PUBLIC_URL: PLACE } });
});
afterAll(() => harness.close());

beforeEach(async () => {
  server = await serveMail();
  hub = await createHub(harness);
  const desk = await furnishPreferences(hub);
  await furnishPages(hub, desk);
  await hub.call("POST", "/v1/user/ann/", { $email: "ann@example.com" });
  ann = await recipientOf("ann");
  const { services, workspace_id } = hub;
  const config = {
    host: "127.0.0.1",
    port: server.port,
    encryption: "none",
    from_name: "Acme",
    from_email: "hello@acme.test",
  };
  await services.db.tx((tx) =>
    services.vendors.save(tx, workspace_id, {
      vendor_slug: "smtp-email",
      nickname: "",
      config,
      categories: ["system", "transactional", "promotional"],
      price: null,
    }),
  );
  const written = { subject: "News", body: { type: "raw", raw: { html: "<p>News</p>", text: "" } } };
  await insertTemplate(services, workspace_id, "news", ["email"], { email: email.content.parse(written) });
  const send: JsonObject = { template: "news" };
  const node = { node_type: "send_email", name: "Mail", description: null, ref: "mail", schema_version: "1" };
  const tree = { nodes: [{ ...node, properties: send }] };
  const definition = workflowOf({ name: "News", category: "newsletter", tree });
  await insertWorkflow(services, workspace_id, "news", definition);
  return async () => server[Symbol.asyncDispose]();
});

async function recipientOf(distinct_id: string): Promise<string> {
  const [row] = await hub.services.db.query<{ id: string }>(
    "select id from recipient where workspace_id = $1 and distinct_id = $2",
    [hub.workspace_id, distinct_id],
  );
  return row?.id ?? "";
}

const trigger = () => hub.call("POST", "/trigger/", { workflow: "news", recipients: ["ann"], data: {} });

async function mail(count = 1): Promise<string> {
  return until(async () => server.mails.length === count && (server.mails.at(-1)?.raw ?? null));
}

describe("the unsubscribe button of a mail program", () => {
  it("opts out of what the mail was about, and the next one is not sent", async () => {
    expect((await trigger()).status).toBe(202);
    const raw = await mail();
    const headers = headersOf(raw);
    expect(headers["list-unsubscribe-post"]).toBe("List-Unsubscribe=One-Click");
    const [, address = ""] = /^<(https:[^<>\s]+)>$/.exec(headers["list-unsubscribe"] ?? "") ?? [];
    expect(address).toMatch(/\/one-click$/);
    // One line, whole, and a mail server takes it: https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
    const line = raw.split("\r\n").find((text) => text.includes(address)) ?? "";
    expect(line.length).toBeGreaterThan(0);
    expect(line.length).toBeLessThan(998);

    const path = address.slice(PLACE.length);
    const answer = await hub.app.inject({
      method: "POST",
      url: path,
      payload: "List-Unsubscribe=One-Click",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).not.toHaveProperty("set-cookie");
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_out" });

    await trigger();
    await until(async () => {
      const runs = await hub.services.db.query<{ status: string }>(
        "select status from run where workspace_id = $1 and status <> 'in_progress'",
        [hub.workspace_id],
      );
      return runs.length === 2;
    });
    expect(server.mails).toHaveLength(1);
  });
});

describe("a new link", () => {
  const tokenOf = (expires_at: Date, keys = hub.workspace.link_keys) =>
    signLink(
      {
        workspace_id: hub.workspace_id,
        recipient_id: ann,
        tenant_id: "default",
        channel: "email",
        category: "newsletter",
        message_id: null,
        locale: "de",
        expires_at,
      },
      keys,
    );
  const ask = async (token: string) => {
    const answer = await hub.app.inject({
      method: "POST",
      url: `/p/${token}?lang=en`,
      payload: "do=renew",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    return { status: answer.statusCode, text: answer.body.replaceAll(/nonce="[^"]*"/g, "") };
  };
  const expired = new Date(Date.now() - 1000);

  it("goes to the person's own address, once an hour, and works", async () => {
    const answer = await ask(tokenOf(expired));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("a new one is on its way");
    const raw = await mail();
    expect(server.mails[0]).toMatchObject({ to: ["ann@example.com"] });
    expect(headersOf(raw)).not.toHaveProperty("list-unsubscribe");
    const body = raw.slice(raw.indexOf("\r\n\r\n")).replaceAll("=\r\n", "").replaceAll("=3D", "=");
    expect(body).toContain("Hier ist Ihr neuer Link:");
    const [, token = ""] = /notify\.example\.com\/p\/([\w.-]+)/.exec(body) ?? [];
    expect((await hub.app.inject({ method: "GET", url: `/p/${token}` })).statusCode).toBe(200);

    expect(await ask(tokenOf(expired))).toEqual(answer);
    await hub.services.db.query(
      "update preference_link_request set requested_at = requested_at - interval '61 minutes' where workspace_id = $1",
      [hub.workspace_id],
    );
    await ask(tokenOf(expired));
    await mail(2);
    const log = await hub.services.db.query(
      "select name from request where workspace_id = $1 and name = 'carillon.preference-link'",
      [hub.workspace_id],
    );
    expect(log).toHaveLength(2);
  });

  it("is not sent for a link that is none of ours, which is answered alike", async () => {
    const good = tokenOf(expired);
    const answers = [await ask(`${good.slice(0, -2)}${good.endsWith("AA") ? "BB" : "AA"}`), await ask("x.y")];
    const sent = await ask(good);
    for (const answer of answers) expect(answer).toEqual(sent);
    // What came is the one of the link that is ours.
    await mail();
    expect(server.mails).toHaveLength(1);
    expect(on(find(await page(hub), "newsletter"))).toContain("email");
  });

  it("is not asked for by a link that works", async () => {
    const answer = await ask(tokenOf(linkExpiry(new Date())));
    expect(answer.status).toBe(303);
    const asked = await hub.services.db.query(
      "select 1 from preference_link_request where workspace_id = $1",
      [hub.workspace_id],
    );
    expect(asked).toEqual([]);
  });
});
