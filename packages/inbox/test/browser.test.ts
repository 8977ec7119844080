import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { onServer } from "../../server/test/fixture.ts";
import { until } from "../../server/test/harness.ts";
import type { Inbox, InboxOptions, InboxState } from "../src/core/types.ts";
import { createRoom, type Room } from "./devices.ts";
import { openPages, type Pages } from "./pages.ts";

/* The core in Chromium, on pages of another origin than the server's: tabs, what is kept on the device, the badge. */

let pages: Pages;
beforeAll(async () => {
  pages = await openPages();
});
afterAll(() => pages.close());

/** A browser of Ann's. */
interface Profile {
  context: BrowserContext;
  room: Room;
  /** Opens a tab with a started inbox; waits until it is loaded. */
  open: (options?: PlainOptions, tab?: { hasClock?: boolean }) => Promise<Tab>;
  /** Streams that were opened. */
  streams: () => number;
}

/** Those that a test can hand to a page. */
type PlainOptions = Partial<Omit<InboxOptions, "token" | "fetch" | "sound">>;

interface Tab {
  page: Page;
  state: () => Promise<InboxState>;
  ids: () => Promise<string[]>;
  /** Runs an action of the inbox; resolves when it was done here, whatever the server says. */
  act: (action: "read" | "archive" | "pin", id: string) => Promise<void>;
  run: <T>(work: (inbox: Inbox) => T | Promise<T>) => Promise<T>;
}

type Globals = { carillon: { createInbox: (options: InboxOptions) => Inbox }; inbox: Inbox; fresh: string[] };

const it = onServer.extend<{ $test: { profile: Profile } }>({
  profile: async ({ hub, client, harness }, use) => {
    const context = await pages.browser.newContext();
    const room = createRoom(hub, client, harness);
    let streams = 0;
    context.on("request", (request) => {
      if (request.method() === "GET" && new URL(request.url()).pathname === "/v1/feed/stream") streams += 1;
    });
    const fixed = { host: harness.url, publicKey: client.publicKey, distinctId: "ann" };
    const token = await client.sign("ann");
    await use({
      context,
      room,
      streams: () => streams,
      async open(options = {}, { hasClock = false } = {}) {
        const page = await context.newPage();
        if (hasClock) await page.clock.install();
        await page.goto(pages.origin);
        await page.locator("html[data-ready]").waitFor({ state: "attached" });
        await page.evaluate(
          ([options, token]) => {
            const page = globalThis as unknown as Globals;
            page.inbox = page.carillon.createInbox({ ...options, token: async () => token });
            page.fresh = [];
            page.inbox.on("new", ({ items }) => page.fresh.push(...items.map(({ n_id }) => n_id)));
            page.inbox.start();
          },
          [{ ...fixed, ...options }, token] as const,
        );
        const state = () => page.evaluate(() => (globalThis as unknown as Globals).inbox.getState());
        const tab: Tab = {
          page,
          state,
          ids: async () => (await state()).stores.all?.items.map(({ n_id }) => n_id) ?? [],
          act: (action, id) =>
            page.evaluate(([action, id]) => void (globalThis as unknown as Globals).inbox[action](id), [
              action,
              id,
            ] as const),
          run: (work) => page.evaluate(`(${work.toString()})(globalThis.inbox)`),
        };
        await until(async () => (await state()).stores.all?.status === "ready");
        return tab;
      },
    });
    await context.close();
  },
});

const isLive = (tab: Tab) => until(async () => (await tab.state()).connection === "live");

describe("tabs", () => {
  it("share one connection, and all see what arrives, each once", async ({ profile }) => {
    const tabs = [];
    for (let count = 0; count < 5; count += 1) tabs.push(await profile.open());
    for (const tab of tabs) await isLive(tab);
    const ids = await profile.room.deliver({}, {});
    for (const tab of tabs) {
      await until(async () => (await tab.ids()).length === 2);
      expect(await tab.ids()).toEqual([...ids].reverse());
      expect(await tab.page.evaluate(() => (globalThis as unknown as Globals).fresh)).toHaveLength(2);
      expect((await tab.state()).badge).toBe(2);
    }
    expect(profile.streams()).toBe(1);
  });

  it("show an edit of any of them before the server has answered, and take it back together", async ({
    profile,
  }) => {
    const [id = ""] = await profile.room.deliver({});
    const leader = await profile.open();
    await isLive(leader);
    const follower = await profile.open();
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await profile.context.route("**/archive?**", async (route) => {
      if (route.request().method() !== "PATCH") return route.fallback();
      await held;
      await route.fulfill({
        status: 403,
        headers: { "access-control-allow-origin": "*" },
        json: { status: "error", error: { type: "permission_denied", message: "no" } },
      });
    });
    await follower.act("archive", id);
    expect(await follower.ids()).toEqual([]);
    await until(async () => (await leader.ids()).length === 0);
    expect((await leader.state()).pending).toBe(1);
    answer();
    for (const tab of [leader, follower]) {
      await until(async () => (await tab.ids()).length === 1);
      expect(await tab.state()).toMatchObject({ pending: 0, error: { code: "permission_denied" } });
    }
  });

  it("go on without the one that had the connection, and lose nothing of what was on its way", async ({
    profile,
  }) => {
    const [a = "", b = ""] = await profile.room.deliver({}, {});
    const leader = await profile.open();
    await isLive(leader);
    const follower = await profile.open();
    await isLive(follower);
    // The leader's requests do not get through: it closes with an edit of its own and one of the other's unsent.
    let isOpen = false;
    await profile.context.route("**/v1/feed/notifications/**", (route) =>
      isOpen || route.request().method() !== "PATCH" ? route.fallback() : route.abort(),
    );
    await leader.act("read", a);
    await follower.act("archive", b);
    await until(async () => (await leader.state()).pending === 2 && (await follower.state()).pending === 2);
    await leader.page.close();
    const [c = ""] = await profile.room.deliver({});
    isOpen = true;
    await until(async () => (await follower.ids())[0] === c);
    await until(async () => (await follower.state()).pending === 0);
    expect(await follower.ids()).toEqual([c, a]);
    expect((await profile.room.list()).map(({ n_id, read_on }) => [n_id, read_on !== null])).toEqual([
      [c, false],
      [a, true],
    ]);
    expect(profile.streams()).toBe(2);
  });

  it("take the connection from one that the browser has frozen, and give it back to none", async ({
    profile,
  }) => {
    const leader = await profile.open();
    await isLive(leader);
    const devtools = await profile.context.newCDPSession(leader.page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    const follower = await profile.open({}, { hasClock: true });
    await follower.page.bringToFront();
    // Two minutes in which it hears nothing of the leader.
    for (let minute = 0; minute < 2; minute += 1) await follower.page.clock.runFor(60_000);
    await until(async () => profile.streams() === 2);
    await follower.page.clock.resume();
    const [id] = await profile.room.deliver({});
    await until(async () => (await follower.ids())[0] === id);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await until(async () => (await leader.ids())[0] === id);
    const [next] = await profile.room.deliver({});
    for (const tab of [leader, follower]) await until(async () => (await tab.ids())[0] === next);
    expect(profile.streams()).toBe(2);
  });

  it("have a stream each where the browser has no locks", async ({ profile }) => {
    await profile.context.addInitScript(() =>
      Object.defineProperty(navigator, "locks", { value: undefined }),
    );
    const tabs = [await profile.open(), await profile.open()];
    for (const tab of tabs) await isLive(tab);
    expect(profile.streams()).toBe(2);
    const [id] = await profile.room.deliver({});
    for (const tab of tabs) await until(async () => (await tab.ids())[0] === id);
  });
});

describe("a device", () => {
  const persist: PlainOptions = { persist: "indexeddb" };

  it("shows without a network what it had, and sends later what was done meanwhile", async ({ profile }) => {
    const [a = "", b = ""] = await profile.room.deliver({}, {});
    const before = await profile.open(persist);
    await isLive(before);
    await profile.context.route("**/v1/feed/**", (route) => route.abort());
    await before.act("read", a);
    await before.act("archive", b);
    await until(async () => (await before.state()).pending === 2);
    await before.page.close();

    const after = await profile.open(persist);
    expect(await after.ids()).toEqual([a]);
    expect(await after.state()).toMatchObject({ pending: 2, connection: "offline" });
    const [c = ""] = await profile.room.deliver({});
    await profile.context.unroute("**/v1/feed/**");
    await after.run((inbox) => inbox.refresh());
    await until(async () => (await after.state()).pending === 0 && (await after.ids()).length === 2);
    expect(await after.ids()).toEqual([c, a]);
    expect(await profile.room.list()).toMatchObject([
      { n_id: c, read_on: null },
      { n_id: a, read_on: expect.any(Number) as number },
    ]);
  });

  it("goes on from where it was, without asking for a list again", async ({ profile }) => {
    const ids = await profile.room.deliver({}, {});
    const before = await profile.open(persist);
    await isLive(before);
    await before.run((inbox) => inbox.stop());
    await before.page.close();
    await profile.room.deliver({});
    const lists: string[] = [];
    profile.context.on("request", (request) => {
      if (new URL(request.url()).pathname === "/v1/feed/notifications") lists.push(request.url());
    });
    const after = await profile.open(persist);
    await until(async () => (await after.ids()).length === 3);
    expect((await after.ids()).slice(1)).toEqual([...ids].reverse());
    expect(lists).toEqual([]);
  });

  it("keeps the first hundred of many, and no hole behind them", async ({ profile }) => {
    await profile.room.deliver(...Array.from({ length: 130 }, () => ({})));
    const before = await profile.open({ ...persist, pageSize: 100 });
    await before.run(async (inbox) => inbox.more());
    expect(await before.ids()).toHaveLength(130);
    await before.run((inbox) => inbox.stop());
    await before.page.close();
    const after = await profile.open({ ...persist, pageSize: 100 });
    expect(await after.ids()).toHaveLength(100);
    expect((await after.state()).stores.all?.hasMore).toBe(true);
    await isLive(after);
    await after.run(async (inbox) => inbox.more());
    expect(await after.ids()).toEqual((await profile.room.list()).map(({ n_id }) => n_id));
  });

  it("forgets one user when another one opens an inbox, and all with a logout", async ({ profile }) => {
    await profile.room.deliver({});
    const kept = (tab: Tab) =>
      tab.page.evaluate(
        () =>
          new Promise<string[]>((resolve) => {
            const opening = indexedDB.open("carillon-inbox");
            opening.addEventListener("success", () => {
              const request = opening.result.transaction("kept").objectStore("kept").getAllKeys();
              request.addEventListener("success", () => resolve(request.result.map(String)));
            });
          }),
      );
    const ann = await profile.open(persist);
    await isLive(ann);
    await until(async () => (await kept(ann)).length === 1);
    await ann.run((inbox) => inbox.stop());
    const bob = await profile.open({
      ...persist,
      publicKey: profile.room.client.openKey,
      tenantId: "default",
    });
    await isLive(bob);
    await until(async () => (await kept(bob)).length === 1);
    expect((await kept(bob))[0]).toContain(profile.room.client.openKey);
    await bob.run((inbox) => inbox.clear());
    expect(await kept(bob)).toEqual([]);
    expect((await bob.state()).stores.all?.items).toEqual([]);
  });
});

describe("the badge", () => {
  it("is in the title, on the icon and on the application, and goes when the bell is opened", async ({
    profile,
  }) => {
    await profile.context.addInitScript(() => {
      const calls: string[] = [];
      Object.assign(globalThis, { badges: calls });
      navigator.setAppBadge = async (count) => void calls.push(`set ${count}`);
      navigator.clearAppBadge = async () => void calls.push("clear");
    });
    const tab = await profile.open({ badgeTargets: ["title", "favicon", "app"] });
    await isLive(tab);
    expect(await tab.page.title()).toBe("Shop");
    await profile.room.deliver({}, {});
    await until(async () => (await tab.page.title()) === "(2) Shop");
    // A page that changes its title keeps the number.
    await tab.page.evaluate(() => (document.title = "Basket"));
    await until(async () => (await tab.page.title()) === "(2) Basket");
    const icon = tab.page.locator('link[rel~="icon"]').last();
    await until(async () => (await icon.getAttribute("href"))?.startsWith("data:image/png"));
    // Red at the lower right, the page's own blue at the upper left.
    const colours = await icon.evaluate(async (link: HTMLLinkElement) => {
      const image = new Image();
      image.src = link.href;
      await image.decode();
      const canvas = new OffscreenCanvas(64, 64);
      const context = canvas.getContext("2d");
      context?.drawImage(image, 0, 0);
      return [
        [4, 4],
        [60, 44],
      ].map(([x = 0, y = 0]) => Array.from(context?.getImageData(x, y, 1, 1).data ?? []));
    });
    expect(colours).toEqual([
      [0, 0, 255, 255],
      [214, 41, 62, 255],
    ]);
    await tab.run((inbox) => void inbox.opened());
    await until(async () => (await tab.page.title()) === "Basket");
    expect(await icon.getAttribute("href")).toBe("/icon.svg");
    expect(await tab.page.evaluate(() => (globalThis as unknown as { badges: string[] }).badges.at(-1))).toBe(
      "clear",
    );
  });

  it("leaves nothing behind when the inbox stops", async ({ profile }) => {
    await profile.room.deliver({});
    const tab = await profile.open({ badgeTargets: ["title", "favicon"] });
    await until(async () => (await tab.page.title()) === "(1) Shop");
    await tab.run((inbox) => inbox.stop());
    expect(await tab.page.title()).toBe("Shop");
    expect(await tab.page.locator('link[rel~="icon"]').count()).toBe(1);
  });
});

describe("sound", () => {
  it("is off until it is switched on, is heard in the tab with the connection alone, and stays on", async ({
    profile,
  }) => {
    await profile.context.addInitScript(() => {
      const starts: number[] = [];
      Object.assign(globalThis, { starts });
      OscillatorNode.prototype.start = () => void starts.push(1);
    });
    const heard = (tab: Tab) =>
      tab.page.evaluate(() => (globalThis as unknown as { starts: number[] }).starts.length);
    const leader = await profile.open();
    await isLive(leader);
    const follower = await profile.open();
    await isLive(follower);
    await profile.room.deliver({});
    await until(async () => (await follower.ids()).length === 1);
    expect(await heard(leader)).toBe(0);
    await follower.run((inbox) => inbox.sound.set(true));
    await until(() => leader.run((inbox) => inbox.sound.getState()));
    // Browsers let a page sound after a gesture.
    await leader.page.mouse.click(5, 5);
    await until(async () => {
      await profile.room.deliver({});
      return (await heard(leader)) > 0;
    });
    expect(await heard(follower)).toBe(0);
    const later = await profile.open();
    expect(await later.run((inbox) => inbox.sound.getState())).toBe(true);
  });
});
