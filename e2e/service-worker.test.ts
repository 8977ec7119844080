import type { CDPSession, Worker } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../packages/server/test/client/client.ts";
import { createHarness, type Harness, until } from "../packages/server/test/harness.ts";
import { createWebClients, type WebClient, type WebClients } from "./support/web-client.ts";

/* The server's script for web push in a real browser: pushes are handed to it as the browser does, without a push service. */

let harness: Harness;
let web: WebClients;
let app: Client;
let client: WebClient;
let devtools: CDPSession;
let registrationId: string;
let worker: Worker;

beforeAll(async () => {
  harness = await createHarness();
  app = await createClient(harness, harness.workspace);
  web = await createWebClients();
  web.files.set(
    "/serviceworker.js",
    `importScripts("${harness.url}/sdk/serviceworker.js"); initSuprSend("${app.publicKey}");`,
  );
  client = await web.open({ version: 4, publicKey: app.publicKey, host: harness.url });
  const { page } = client;
  await page.context().grantPermissions(["notifications"], { origin: web.origin });
  devtools = await page.context().newCDPSession(page);
  const registered = Promise.withResolvers<string>();
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    for (const one of registrations) registered.resolve(one.registrationId);
  });
  await devtools.send("ServiceWorker.enable");
  const started = page.context().waitForEvent("serviceworker");
  await client.read(
    `navigator.serviceWorker.register("/serviceworker.js").then(() => navigator.serviceWorker.ready).then(() => true)`,
  );
  worker = await started;
  registrationId = await registered.promise;
});
afterAll(async () => {
  await web?.close();
  await harness?.close();
});

async function addMessage(): Promise<string> {
  const { db, ids } = harness.services;
  const id = ids.ulid();
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane, tenant_id,
                          distinct_id, channel, status, idempotency_key, channel_value)
     values ($1, $2, 'run', 'w', 'v', 'n', 'transactional', 1, 'default', 'u', 'webpush', 'sent_by_vendor', 'k', '"x"')`,
    [harness.workspace.workspace_id, id],
  );
  return id;
}

const reaches = (id: string, status: string) =>
  until(async () => {
    const [row] = await harness.services.db.query<{ status: string }>(
      "select status from message where id = $1",
      [id],
    );
    return row?.status === status;
  });

const push = (data: string) =>
  devtools.send("ServiceWorker.deliverPushMessage", { origin: web.origin, registrationId, data });

const payload = (id: string, more: object = {}) =>
  JSON.stringify({
    title: "Hello",
    body: "It works.",
    tag: id,
    unknown: "is left out",
    actions: [{ action: "open", title: "Open" }],
    data: {
      notification_id: id,
      launch_urls: { default: "https://example.com/a", open: "https://example.com/b" },
    },
    ...more,
  });

interface Shown {
  title: string;
  body: string;
  tag: string;
  data: unknown;
}

const shown = () =>
  client.read<Shown[]>(
    `navigator.serviceWorker.getRegistration().then((one) => one.getNotifications()).then((list) => list.map(({ title, body, tag, data }) => ({ title, body, tag, data })))`,
  );

/** What a browser does when a notification is clicked or closed; the pages that would be opened. */
const happens = (type: string, id: string, action = "") =>
  worker.evaluate(`(async () => {
    const [notification] = await registration.getNotifications({ tag: ${JSON.stringify(id)} });
    const opened = [];
    clients.openWindow = async (url) => void opened.push(url);
    const waits = [];
    const event = Object.assign(new Event(${JSON.stringify(type)}), { notification, action: ${JSON.stringify(action)}, waitUntil: (wait) => waits.push(wait) });
    dispatchEvent(event);
    await Promise.all(waits);
    return opened;
  })()`);

describe("the service worker", () => {
  it("shows a push, and reports that it arrived, without a token", async () => {
    const id = await addMessage();
    await push(payload(id));
    await reaches(id, "delivered");
    expect((await shown()).filter(({ tag }) => tag === id)).toMatchObject([
      { title: "Hello", body: "It works.", data: { notification_id: id } },
    ]);
  });

  it.each([
    ["", "https://example.com/a"],
    ["open", "https://example.com/b"],
    ["gone", "https://example.com/a"],
  ])("opens the page of a click on '%s', and reports it", async (action, url) => {
    const id = await addMessage();
    await push(payload(id));
    await reaches(id, "delivered");
    expect(await happens("notificationclick", id, action)).toEqual([url]);
    await reaches(id, "clicked");
    expect((await shown()).filter(({ tag }) => tag === id)).toEqual([]);
  });

  it("opens its own site for an address that would run a script", async () => {
    const id = await addMessage();
    const launch_urls = { default: "javascript:alert(1)" };
    await push(payload(id, { data: { notification_id: id, launch_urls } }));
    await reaches(id, "delivered");
    expect(await happens("notificationclick", id)).toEqual([web.origin]);
  });

  it("reports that it was dismissed", async () => {
    const id = await addMessage();
    await push(payload(id));
    await reaches(id, "delivered");
    expect(await happens("notificationclose", id)).toEqual([]);
    await reaches(id, "dismissed");
  });

  it("leaves pushes of others alone", async () => {
    const before = (await shown()).length;
    for (const data of [
      "",
      "text",
      "null",
      '{"title":"Theirs"}',
      '{"title":7,"data":{"notification_id":"x"}}',
    ])
      await push(data);
    const id = await addMessage();
    await push(payload(id));
    await reaches(id, "delivered");
    expect((await shown()).length).toBe(before + 1);
    expect(client.errors).toEqual([]);
  });
});
