import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../packages/server/src/config.ts";
import { createDb } from "../../packages/server/src/db/db.ts";
import { findFeed } from "../../packages/server/src/inbox/feeds.ts";
import { createSilentLog } from "../../packages/server/src/log.ts";
import { type Carillon, startCarillon } from "../../packages/server/src/main.ts";
import { inboxSubscriberId } from "../../packages/server/src/workspaces/workspaces.ts";
import { type Client, createClient } from "../../packages/server/test/client/client.ts";
import { cloneDatabase, dropDatabase, SECRET_KEY, until } from "../../packages/server/test/harness.ts";
import { createHub, type Hub } from "../../packages/server/test/hub.ts";
import { seedItems } from "../../packages/server/test/inbox/seed-items.ts";
import { furnishPipeline, node } from "../../packages/server/test/pipeline.ts";
import { createWebClients, type WebClient, type WebClients } from "../support/web-client.ts";

/* Inboxes of the unmodified web-sdk 4 and js-inbox 2 in a real browser, as items arrive, and across a restart. */

let databaseUrl: string;
let server: Carillon;
let web: WebClients;
let hub: Hub;
let app: Client;

const start = (port: number): Promise<Carillon> =>
  startCarillon({
    config: configSchema.parse({
      DATABASE_URL: databaseUrl,
      SECRET_KEY,
      PORT: port,
      LOG_LEVEL: "silent",
      REALTIME_DRAIN_SECONDS: 0,
    }),
    log: createSilentLog(),
  });

beforeAll(async () => {
  databaseUrl = await cloneDatabase();
  server = await start(0);
  web = await createWebClients();
  const { app: http, services, first } = server;
  const made = { app: http, services, databaseUrl, serviceToken: first?.service_token ?? "" };
  hub = await createHub(made);
  app = await createClient(made, hub.workspace);
  const pipeline = await furnishPipeline(hub);
  await pipeline.addTemplate("bell", ["inbox"]);
  await pipeline.commit("ring", [node("send_inbox", "inbox", { template: "bell" })]);
});
afterAll(async () => {
  await web?.close();
  await server?.stop();
  await dropDatabase(databaseUrl);
});

const ring = (recipient: string) =>
  hub.call("POST", "/trigger/", { workflow: "ring", recipients: [recipient], data: {} });

interface FeedData {
  notifications: { n_id: string; read_on: number | null }[];
  meta: Record<string, number>;
}

const UNREAD = { storeId: "unread", label: "Unread", query: { read: false } };
const ALL = { storeId: "all", label: "All", query: {} };

/** A tab of the person's inbox, as web-sdk's own components open it. */
async function openTab(distinct_id: string): Promise<WebClient & { feed: () => Promise<FeedData> }> {
  const tab = await web.open({ version: 4, publicKey: app.publicKey, host: server.url });
  await tab.identify(distinct_id, await app.sign(distinct_id));
  const options = { host: { apiHost: server.url, socketHost: server.url }, stores: [ALL, UNREAD] };
  await tab.read(
    `(() => { globalThis.feed = client.feeds.initialize(${JSON.stringify(options)}); feed.initializeSocketConnection(); return feed.fetch(); })()`,
  );
  await until(async () => await tab.read<boolean>("feed.socket.connected"));
  return Object.assign(tab, {
    feed: () => tab.read<FeedData>("({ notifications: feed.data.notifications, meta: feed.data.meta })"),
  });
}

const idsIn = ({ notifications }: FeedData) => notifications.map(({ n_id }) => n_id);

describe("web-sdk 4", () => {
  it("shows at once what is sent, and in one tab what was read in the other", async () => {
    const [one, two] = await Promise.all([openTab("ann"), openTab("ann")]);
    expect((await one.feed()).notifications).toEqual([]);
    expect((await ring("ann")).status).toBe(202);
    for (const tab of [one, two]) {
      const { meta, notifications } = await until(async () => {
        const data = await tab.feed();
        return data.notifications.length > 0 && data.meta.badge === 1 ? data : null;
      });
      expect(notifications).toHaveLength(1);
      expect(meta).toEqual({ badge: 1, all: 1, unread: 1 });
    }
    const [n_id = ""] = idsIn(await one.feed());
    await one.read(`feed.markAsRead(${JSON.stringify(n_id)})`);
    // Its own counts change by the event alone, which is why the one who acted is told too.
    for (const tab of [one, two]) await until(async () => (await tab.feed()).meta.unread === 0);
    await until(async () => typeof (await two.feed()).notifications[0]?.read_on === "number");
    await two.read("feed.resetBadgeCount()");
    await until(async () => (await one.feed()).meta.badge === 0);
    for (const tab of [one, two]) expect(tab.errors).toEqual([]);
    await Promise.all([one.page.close(), two.page.close()]);
  });
});

describe("js-inbox 2", () => {
  it("shows at once what is sent, in its own words", async () => {
    const { page, errors } = await web.open({ version: 4, publicKey: app.publicKey, host: server.url });
    await page.addScriptTag({ url: "/js-inbox-2.js" });
    const config = { host: { apiHost: server.url, socketHost: server.url, collectorHost: server.url } };
    const proof = inboxSubscriberId(hub.workspace, { object_type: "", distinct_id: "old" });
    await page.evaluate(
      `globalThis.inbox = new (WebSdk.default ?? WebSdk.SuprSendInbox)(${JSON.stringify(hub.wsKey)}, ${JSON.stringify(config)});
       inbox.identifyUser("old", ${JSON.stringify(proof)});
       inbox.feed.fetchNotifications()`,
    );
    await until(() => page.evaluate<boolean>("inbox.client?.socket?.connected === true"));
    expect((await ring("old")).status).toBe(202);
    const seen =
      "inbox.feed.data.stores[inbox.feed.data.activeStoreId ?? Object.keys(inbox.feed.data.stores)[0]]";
    await until(() => page.evaluate<boolean>(`${seen}?.notifications.length === 1`));
    expect(await page.evaluate("inbox.feed.data.unseenCount")).toBe(1);
    expect(errors).toEqual([]);
    await page.close();
  });
});

describe("a restart", () => {
  it("is survived by clients, which get what they missed while they were away", async () => {
    const tab = await openTab("max");
    await ring("max");
    await until(async () => (await tab.feed()).notifications.length === 1);
    const port = Number(new URL(server.url).port);
    const { key } = await findFeed(server.services.db, {
      workspace_id: hub.workspace_id,
      distinct_id: "max",
      tenant_id: "default",
    });
    await server.stop();
    const db = createDb({ url: databaseUrl, max: 1, onError: () => {} });
    const [missed = ""] = await seedItems(db, key, [{}]);
    await db.close();
    server = await start(port);
    await until(async () => idsIn(await tab.feed()).includes(missed), 30);
    const [live = ""] = await seedItems(server.services.db, key, [{}], server.services.announce);
    await until(async () => idsIn(await tab.feed()).includes(live));
    expect((await tab.feed()).notifications).toHaveLength(3);
    expect(tab.errors).toEqual([]);
    await tab.page.close();
  });
});
