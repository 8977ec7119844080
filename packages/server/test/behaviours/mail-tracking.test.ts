import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import email from "../../src/channels/email.ts";
import { insertTemplate, insertWorkflow, workflowOf } from "../authored.ts";
import { createHarness, type Harness, until } from "../harness.ts";
import { createHub, type Hub } from "../hub.ts";
import { createManagement } from "../management.ts";
import { type MailServer, serveMail } from "../outside/smtp.ts";
import { furnishPreferences } from "../preferences/desk.ts";

/* A mail server cannot report who reads: addresses of our own in its mails do. */
const PLACE = "https://notify.example.com";
const HTML = '<body><p><a href="https://shop.example.com/?a=1&amp;b=2">See it</a></p></body>';

let harness: Harness;
let hub: Hub;
let server: MailServer;

beforeAll(async () => {
  harness = await createHarness({ env: { PUBLIC_URL: PLACE } });
});
afterAll(() => harness.close());
beforeEach(async () => {
  hub = await createHub(harness);
  await furnishPreferences(hub);
  server = await serveMail();
});
afterEach(() => server[Symbol.asyncDispose]());

/** The source of the mail that a trigger sends, without the line breaks that its encoding adds. */
async function mailOf(settings: object, category = "transactional"): Promise<string> {
  const config = {
    host: "127.0.0.1",
    port: server.port,
    encryption: "none",
    from_email: "shop@example.com",
    ...settings,
  };
  const saved = await createManagement(hub, hub.workspace).call("POST", "vendor/smtp-email", {
    config,
    categories: ["system", "transactional", "promotional"],
  });
  expect(saved.status).toBe(200);
  const { services, workspace_id } = hub;
  const content = email.content.parse({ subject: "S", body: { type: "raw", raw: { html: HTML } } });
  await insertTemplate(services, workspace_id, "mail", ["email"], { email: content });
  const node = {
    node_type: "send_email",
    name: "Mail",
    description: null,
    ref: "mail",
    schema_version: "1",
    properties: { template: "mail" },
  };
  await insertWorkflow(
    services,
    workspace_id,
    "mail",
    workflowOf({ name: "mail", category, tree: { nodes: [node] } }),
  );
  const recipients = [{ distinct_id: "ann", $email: "ann@example.com" }];
  expect((await hub.call("POST", "/trigger/", { workflow: "mail", recipients, data: {} })).status).toBe(202);
  const [mail] = await until(async () => (server.mails.length > 0 ? server.mails : null));
  return (mail?.raw ?? "").replaceAll("=\r\n", "").replaceAll("=3D", "=");
}

const addressOf = (mail: string, kind: "open" | "click") =>
  new RegExp(`${PLACE}(/t/${kind}/[\\w.-]+)`).exec(mail)?.[1] ?? "";

const status = async () => {
  const [row] = await hub.services.db.query<{ status: string }>(
    "select status from message where workspace_id = $1",
    [hub.workspace_id],
  );
  return row?.status;
};

const get = (url: string, method: "GET" | "HEAD" = "GET") => hub.app.inject({ method, url });

describe("a mail of a vendor that tracks", () => {
  it("counts as seen when its image is loaded, not when its address is looked at", async () => {
    const mail = await mailOf({ track_opens: true });
    expect(mail).toContain("https://shop.example.com/?a=1&amp;b=2");
    const address = addressOf(mail, "open");
    await get(address, "HEAD");
    expect(await status()).not.toBe("seen");
    const image = await get(address);
    expect(image).toMatchObject({
      statusCode: 200,
      headers: { "content-type": "image/gif", "cache-control": "no-store, private" },
    });
    await until(async () => (await status()) === "seen");
    await get(address);
    const due = await hub.services.db.query("select 1 from due_receipt where workspace_id = $1", [
      hub.workspace_id,
    ]);
    expect(due).toEqual([]);
  });

  it("leads on from its links, and counts as clicked", async () => {
    const mail = await mailOf({ track_clicks: true });
    expect(addressOf(mail, "open")).toBe("");
    const answer = await get(addressOf(mail, "click"));
    expect(answer).toMatchObject({
      statusCode: 302,
      headers: { location: "https://shop.example.com/?a=1&b=2" },
    });
    await until(async () => (await status()) === "clicked");
  });

  it("is kept in the log as it was written", async () => {
    await mailOf({ track_opens: true, track_clicks: true });
    const [row] = await hub.services.db.query<{ content: { html: string } }>(
      "select content from message where workspace_id = $1",
      [hub.workspace_id],
    );
    expect(row?.content.html).not.toContain("/t/");
  });

  it("is left alone in the system category, in excepted categories and in excepted tenants", async () => {
    const all = { track_opens: true, track_clicks: true };
    for (const [settings, category] of [
      [all, "system"],
      [{ ...all, untracked_categories: ["transactional"] }, "transactional"],
      [{ ...all, untracked_tenants: ["default"] }, "transactional"],
      [{}, "transactional"],
    ] as const) {
      hub = await createHub(harness);
      await furnishPreferences(hub);
      server.mails.length = 0;
      expect(await mailOf(settings, category), JSON.stringify([settings, category])).not.toContain("/t/");
    }
  });
});

describe("an address that was not signed here", () => {
  it("404: forged, of another kind, of a workspace that does not exist", async () => {
    const mail = await mailOf({ track_opens: true, track_clicks: true });
    const [open, click] = [addressOf(mail, "open"), addressOf(mail, "click")];
    const nowhere = Buffer.from(JSON.stringify([2_000_000_000, "m"])).toString("base64url");
    const addresses = [
      `${click}x`,
      click.replace(".", "A."),
      open.replace("open", "click"),
      `/t/open/${nowhere}.${"a".repeat(22)}`,
      "/t/click/x",
    ];
    for (const address of addresses) expect((await get(address)).statusCode, address).toBe(404);
  });
});
