import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { onApi } from "../../server/test/fixture.ts";
import type { Hub } from "../../server/test/hub.ts";
import type { Inbox, InboxOptions } from "../src/core/types.ts";
import { openPages, type Pages } from "./pages.ts";

/*
 * Web push in Chromium, against the real server. The push service is outside, and not reachable from a test: what the
 * browser would get from it is given here. Everything else is the browser's: permission, worker, storage.
 */

const VAPID = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]).toString("base64url");
const ENDPOINT = "https://push.example/send/";

let pages: Pages;
beforeAll(async () => {
  pages = await openPages();
});
afterAll(() => pages.close());

interface Globals {
  carillon: { createInbox: (options: InboxOptions) => Inbox };
  inbox: Inbox;
  service: { count: number; refuse: boolean };
}

/** Gives subscriptions as a push service does: an endpoint of each, kept with the browser. */
function standIn(endpoint: string): void {
  const service = { count: 0, refuse: false };
  Object.assign(globalThis, { service });
  const read = () =>
    JSON.parse(localStorage.getItem("service") ?? "null") as { endpoint: string; key: string } | null;
  const bytesOf = (key: string) =>
    Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0)).buffer;
  const toSubscription = ({ endpoint, key }: { endpoint: string; key: string }) => ({
    endpoint,
    options: { applicationServerKey: bytesOf(key) },
    toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh: "p", auth: "a" } }),
    unsubscribe: async () => localStorage.removeItem("service"),
  });
  PushManager.prototype.getSubscription = async () => {
    const kept = read();
    return kept === null ? null : (toSubscription(kept) as unknown as PushSubscription);
  };
  PushManager.prototype.subscribe = async (options) => {
    if (service.refuse) throw new DOMException("Registration failed - push service error", "AbortError");
    service.count = Number(localStorage.getItem("count") ?? 0) + 1;
    localStorage.setItem("count", String(service.count));
    const kept = read() ?? {
      endpoint: `${endpoint}${service.count}`,
      key: options?.applicationServerKey as string,
    };
    localStorage.setItem("service", JSON.stringify(kept));
    return toSubscription(kept) as unknown as PushSubscription;
  };
}

interface Desk {
  context: BrowserContext;
  open: (distinct_id: string, push?: InboxOptions["push"]) => Promise<Page>;
  /** The endpoints to which the server would push. */
  endpoints: (distinct_id: string) => Promise<string[]>;
}

const it = onApi.extend<{ $test: { browser: Desk } }>({
  browser: async ({ hub, client, harness }, use) => {
    const context = await pages.browser.newContext();
    await context.grantPermissions(["notifications"], { origin: pages.origin });
    await context.addInitScript(standIn, ENDPOINT);
    await use({
      context,
      endpoints: (id) => endpointsOf(hub, id),
      async open(distinctId, push = { vapidKey: VAPID }) {
        const page = await context.newPage();
        await page.goto(pages.origin);
        await page.locator("html[data-ready]").waitFor({ state: "attached" });
        const options = { host: harness.url, publicKey: client.publicKey, distinctId, push };
        await page.evaluate(
          ([options, token]) => {
            const page = globalThis as unknown as Globals;
            page.inbox = page.carillon.createInbox({ ...options, token: async () => token });
            page.inbox.start();
          },
          [options, await client.sign(distinctId)] as const,
        );
        return page;
      },
    });
    await context.close();
  },
});

async function endpointsOf(hub: Hub, distinct_id: string): Promise<string[]> {
  const { json } = await hub.call("GET", `/v1/user/${distinct_id}/`);
  const { $webpush = [] } = json as { $webpush?: { value: { endpoint: string } }[] };
  return $webpush.map(({ value }) => value.endpoint);
}

const stateOf = (page: Page) => page.evaluate(() => (globalThis as unknown as Globals).inbox.push.getState());
const becomes = (page: Page, state: string) =>
  page.waitForFunction((state) => (globalThis as unknown as Globals).inbox.push.getState() === state, state);
const subscribe = (page: Page) =>
  page.evaluate(() =>
    (globalThis as unknown as Globals).inbox.push.subscribe().then(
      (state) => ({ state }),
      ({ code, message }: { code: string; message: string }) => ({ code, message }),
    ),
  );

describe("web push", () => {
  it("is on after the user wanted it, on the server too, and off after they do not", async ({
    browser: desk,
  }) => {
    const page = await desk.open("ann");
    await becomes(page, "off");
    expect(await subscribe(page)).toEqual({ state: "on" });
    expect(await desk.endpoints("ann")).toEqual([`${ENDPOINT}1`]);
    const scripts = await page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ active }) => active?.scriptURL),
    );
    expect(scripts).toEqual([expect.stringContaining("/serviceworker.js?key=")]);
    const later = await desk.open("ann");
    await becomes(later, "on");
    await page.evaluate(() => (globalThis as unknown as Globals).inbox.push.unsubscribe());
    expect(await stateOf(page)).toBe("off");
    expect(await desk.endpoints("ann")).toEqual([]);
  });

  it("asks the server for the key where the page has none", async ({ browser: desk, management }) => {
    const page = await desk.open("ann", {});
    expect(await subscribe(page)).toEqual({
      code: "push",
      message: "the workspace has no vendor for web push",
    });
    const saved = await management.call("POST", "vendor/vapid-webpush", {
      config: { subject: "mailto:ops@acme.test" },
    });
    const { public_key } = saved.body.config as { public_key: string };
    expect(await subscribe(page)).toEqual({ state: "on" });
    expect(await desk.endpoints("ann")).toEqual([`${ENDPOINT}1`]);
    expect(await page.evaluate(() => localStorage.getItem("service"))).toContain(public_key);
  });

  it("says why it fails, and is off then", async ({ browser: desk }) => {
    const page = await desk.open("ann");
    await page.evaluate(() => ((globalThis as unknown as Globals).service.refuse = true));
    expect(await subscribe(page)).toMatchObject({ message: "Registration failed - push service error" });
    expect(await stateOf(page)).toBe("off");
  });

  it("hands over the subscription by which the browser has replaced one", async ({ browser: desk }) => {
    const page = await desk.open("ann");
    await subscribe(page);
    await page.evaluate((endpoint) => {
      const kept = JSON.parse(localStorage.getItem("service") ?? "{}") as object;
      localStorage.setItem("service", JSON.stringify({ ...kept, endpoint }));
    }, `${ENDPOINT}replaced`);
    const later = await desk.open("ann");
    await becomes(later, "on");
    // That of the same device is replaced.
    expect(await desk.endpoints("ann")).toEqual([`${ENDPOINT}replaced`]);
  });

  it("replaces a subscription for another key", async ({ browser: desk }) => {
    const page = await desk.open("ann");
    await subscribe(page);
    const other = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 9)]).toString("base64url");
    const later = await desk.open("ann", { vapidKey: other });
    expect(await subscribe(later)).toEqual({ state: "on" });
    expect(await desk.endpoints("ann")).toEqual([`${ENDPOINT}2`]);
  });

  it("is one user's: with the next one in this browser it is off, and a logout takes it back", async ({
    browser: desk,
  }) => {
    const page = await desk.open("ann");
    await subscribe(page);
    const bob = await desk.open("bob");
    await becomes(bob, "off");
    expect(await desk.endpoints("bob").catch(() => [])).toEqual([]);
    await page.evaluate(() => (globalThis as unknown as Globals).inbox.clear());
    expect(await desk.endpoints("ann")).toEqual([]);
  });
});
