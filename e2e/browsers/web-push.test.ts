import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Browser, BrowserContext, CDPSession, Page, Worker } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../packages/server/test/harness.ts";
import { launchBrowser } from "../support/browser.ts";

/*
 * The service worker in a real browser, on a site that has it in two ways: imported from the server into a worker of the
 * site's own, and served by the site itself. Pushes are delivered by the browser's debugger: no push service takes part.
 */
const KEY = "SS.PUBK.for-tests";
const PUSH = {
  title: "Your order is on its way",
  body: "It arrives at noon",
  icon: "https://cdn.acme.test/icon.png",
  badge: "relative.png",
  tag: "order-17",
  renotify: false,
  requireInteraction: true,
  actions: [{ action: "track", title: "Track it" }],
  onclick: "never",
  data: {
    notification_id: "01JE0000000000000000000000",
    launch_urls: { default: "/orders/17", track: "/orders/17/track" },
  },
};

/** Without an id: it is shown, and nothing is reported of it. */
const FIRST = { title: "The worker is there", tag: "first" };

interface Report {
  authorization: string | undefined;
  body: { event: string; $time: number; properties: Record<string, string> };
}

let harness: Harness;
let browser: Browser;
let site: Server;
let origin: string;
let context: BrowserContext;
let page: Page;
let reports: Report[];

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  browser = await launchBrowser();
  const copy = await readFile(new URL("../../packages/inbox/serviceworker.js", import.meta.url), "utf8");
  site = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0];
    if (path === "/v2/event") {
      void keep(request).then(() =>
        response.writeHead(202, { "content-type": "application/json" }).end("{}"),
      );
      return;
    }
    const imported = `importScripts("${harness.url}/sdk/serviceworker.js"); initCarillon("${KEY}", { host: "${origin}/" });`;
    const scripts: Record<string, string> = { "/imported.js": imported, "/serviceworker.js": copy };
    const script = scripts[path ?? ""];
    response
      .writeHead(200, { "content-type": script === undefined ? "text/html" : "text/javascript" })
      .end(script ?? "<!doctype html><title>Site</title><link rel=icon href=data:,>");
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
  await harness?.close();
});

beforeEach(async () => {
  reports = [];
  context = await browser.newContext();
  await context.grantPermissions(["notifications"], { origin });
  page = await context.newPage();
  await page.goto(origin);
});
afterEach(() => context.close());

async function keep(request: IncomingMessage): Promise<void> {
  const body = JSON.parse(await text(request)) as Report["body"];
  reports.push({ authorization: request.headers.authorization, body });
}

/** Registers a worker; returns it, and what delivers a push to it. */
async function register(script: string): Promise<{ worker: Worker; push: (data: string) => Promise<void> }> {
  const debug: CDPSession = await context.newCDPSession(page);
  const ids: string[] = [];
  debug.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    for (const { registrationId, scopeURL } of registrations) {
      if (scopeURL.startsWith(origin)) ids.push(registrationId);
    }
  });
  await debug.send("ServiceWorker.enable");
  await page.evaluate(`navigator.serviceWorker.register(${JSON.stringify(script)})`);
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  const [worker] = context.serviceWorkers();
  const registrationId = await until(async () => ids.at(-1));
  if (worker === undefined) throw new Error("no worker is running");
  const push = async (data: string) => {
    await debug.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
  };
  // The browser drops a push to a worker that it has not stored yet, and does not say when it has.
  let pushes = 0;
  await until(async () => {
    if (pushes++ % 20 === 0) await push(JSON.stringify(FIRST));
    return (await listed(worker)).some(({ title }) => title === FIRST.title);
  });
  return { worker, push };
}

interface Shown {
  title: string;
  body: string;
  tag: string;
  icon: string;
  badge: string;
  data: unknown;
}

const listed = (worker: Worker) =>
  worker.evaluate<Shown[]>(
    `registration.getNotifications().then((all) => all.map(({ title, body, tag, icon, badge, data }) => ({ title, body, tag, icon, badge, data })))`,
  );
const shown = async (worker: Worker) => (await listed(worker)).filter(({ title }) => title !== FIRST.title);
const reported = (count: number) => until(async () => reports.length >= count && reports);

describe.each([
  ["imported into the site's own worker", "/imported.js"],
  ["served by the site", () => `/serviceworker.js?key=${KEY}&host=${encodeURIComponent(origin)}`],
] as [string, string | (() => string)][])("the worker %s", (_title, address) => {
  const script = () => (typeof address === "string" ? address : address());

  it("shows what was pushed and reports that it arrived", async () => {
    const { worker, push } = await register(script());
    await push(JSON.stringify(PUSH));
    const [notification] = await until(async () => {
      const all = await shown(worker);
      return all.length > 0 && all;
    });
    expect(notification).toEqual({
      title: "Your order is on its way",
      body: "It arrives at noon",
      tag: "order-17",
      icon: "https://cdn.acme.test/icon.png",
      badge: "",
      data: PUSH.data,
    });
    expect(await reported(1)).toEqual([
      {
        authorization: KEY,
        body: {
          event: "$notification_delivered",
          $time: expect.any(Number),
          properties: { id: "01JE0000000000000000000000" },
        },
      },
    ]);
  });

  it("reports a click with its button, and a dismissal", async () => {
    const { worker, push } = await register(script());
    await push(JSON.stringify(PUSH));
    await until(async () => (await shown(worker)).length > 0);
    for (const [event, action] of [
      ["notificationclose", ""],
      ["notificationclick", "track"],
    ]) {
      // An event of the test's own cannot be waited for; what the worker does is the same.
      await worker.evaluate(
        `registration.getNotifications({ tag: "order-17" }).then(([notification]) => { dispatchEvent(new NotificationEvent("${event}", { notification, action: "${action}" })); })`,
      );
    }
    const all = await reported(3);
    const seen = all.map(({ body: { event, properties } }) => [event, properties.label_id]);
    expect(seen).toContainEqual(["$notification_dismiss", undefined]);
    expect(seen).toContainEqual(["$notification_clicked", "track"]);
    expect(await shown(worker)).toEqual([]);
  });

  it("leaves alone what is not ours", async () => {
    const { worker, push } = await register(script());
    for (const data of ["", "hello", "null", "[]", '{"body":"no title"}', '{"title":7}']) await push(data);
    await push(JSON.stringify(PUSH));
    await until(async () => (await shown(worker)).length > 0);
    expect(await shown(worker)).toHaveLength(1);
    await reported(1);
    expect(reports).toHaveLength(1);
  });
});
