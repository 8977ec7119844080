import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { launchBrowser } from "./browser.ts";
import { type Build, buildStories, ORIGIN, type Stories } from "./stories.ts";

/** The whole inbox without a mouse: where the focus is, what keys do, what is read out. */
let browser: Browser;
let stories: Stories;
let page: Page;
let errors: string[];

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

async function show(story: string): Promise<void> {
  await page.evaluate(`show("${story}", "light")`);
  await page.locator(".carillon-root").first().waitFor({ state: "attached" });
}

/** As a user of the keyboard: to the bell by Tab, then Enter. */
async function openPanel(): Promise<void> {
  await press("Tab", "Enter");
  await page.locator(".carillon-content:focus").waitFor();
}

const focused = () => page.locator(".carillon-item:focus");
const rows = () => page.locator(".carillon-item");
const keyOf = (row: Locator) => row.getAttribute("data-key");
/** What the story's inbox was asked to do. */
const calls = () => page.evaluate<string[]>("inbox.calls");

/** What the keyboard does, as tests of one build. */
export function keyboardFlows(build: Build): void {
  beforeAll(async () => {
    [browser, stories] = await Promise.all([launchBrowser(), buildStories([build])]);
  });
  afterAll(async () => {
    await browser?.close();
    await stories?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    errors = [];
    page = await browser.newPage({ viewport: { width: 480, height: 760 }, reducedMotion: "reduce" });
    page.on("pageerror", (error) => void errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("404")) errors.push(message.text());
    });
    await stories.open(page, build);
  });
  afterEach(async () => {
    await page.close();
    expect(errors).toEqual([]);
  });

  it("opens the panel from the bell, and Escape gives the focus back to it", async () => {
    await show("some");
    await press("Tab");
    expect(await page.locator(".carillon-bell:focus").getAttribute("aria-label")).toBe(
      "Notifications, 2 new notifications",
    );
    expect(await page.locator(".carillon-bell").getAttribute("aria-expanded")).toBe("false");
    await press("Enter");
    await page.locator(".carillon-content:focus").waitFor();
    expect(await page.locator(".carillon-bell").getAttribute("aria-expanded")).toBe("true");
    expect(await calls()).toContain("opened");
    await press("Escape");
    await page.locator(".carillon-bell:focus").waitFor();
    expect(await page.locator(".carillon-content").count()).toBe(0);
  });

  it("moves with j, k, arrows, Home and End; one row has the tab stop, and its buttons come after it", async () => {
    await show("some");
    await openPanel();
    await press("j");
    expect(await keyOf(focused())).toBe("many-0");
    await press("j", "ArrowDown");
    expect(await keyOf(focused())).toBe("many-2");
    await press("k", "ArrowUp", "ArrowUp");
    expect(await keyOf(focused())).toBe("many-0");
    await press("End");
    expect(await keyOf(focused())).toBe("many-5");
    expect(await page.locator(".carillon-feed [tabindex='0'].carillon-item").count()).toBe(1);
    await press("Home", "Tab");
    expect(await page.locator(".carillon-item a:focus").getAttribute("href")).toBe("/many/0");
    await press("Tab");
    expect(await page.locator(".carillon-tool:focus").getAttribute("aria-label")).toBe("Mark as read");
    await press("Shift+Tab", "Shift+Tab");
    expect(await keyOf(focused())).toBe("many-0");
  });

  it("reads, pins, snoozes, archives and undoes by single keys", async () => {
    await show("some");
    await openPanel();
    await press("j", "r", "r", "p");
    expect((await calls()).filter((call) => /^(read|unread|pin) /.test(call))).toEqual([
      "read many-0",
      "unread many-0",
      "pin many-0",
    ]);
    await press("j", "e");
    expect(await rows().count()).toBe(5);
    await press("z");
    await until(async () => (await rows().count()) === 6);
    expect(await calls()).toContain("undo archive");
    await press("h");
    await page.locator(".carillon-option:focus").waitFor();
    await press("ArrowDown", "Enter");
    await until(async () => (await rows().count()) === 5);
    expect((await calls()).some((call) => call.startsWith("snooze many-"))).toBe(true);
    // The time of one's own: Escape leaves the menu, and the keys are the row's again.
    await press("h", "ArrowUp", "Enter");
    await page.locator(".carillon-picker input:focus").waitFor();
    await press("Escape");
    await page.locator(".carillon-menu").waitFor({ state: "detached" });
    expect(await focused().count()).toBe(1);
    await press("Shift+A");
    expect(await calls()).toContain("readAll");
  });

  it("opens an item's link with Enter, counts the click, and lets the page keep the browser where it is", async () => {
    await show("some");
    await openPanel();
    await page.evaluate(`document.addEventListener("click", (event) => event.preventDefault(), true)`);
    await press("j", "j", "Enter");
    expect(await calls()).toContain("interacted many-1");
    expect(page.url()).toBe(`${ORIGIN}/`);
  });

  it("changes tabs by number and by arrows", async () => {
    await show("some");
    await openPanel();
    await press("2");
    await page.locator(".carillon-tab[aria-selected=true]", { hasText: "Unread" }).waitFor();
    expect(await rows().count()).toBe(2);
    await press("3");
    await page.locator(".carillon-empty").waitFor();
    await page.locator(".carillon-tab[aria-selected=true]").focus();
    await press("ArrowRight");
    await page.locator(".carillon-tab:focus", { hasText: "All" }).waitFor();
    expect(await rows().count()).toBe(6);
  });

  it("goes to the next row when the focused one goes, and to the feed when it was the last", async () => {
    await show("some");
    await openPanel();
    await press("j", "j", "e");
    await until(async () => (await keyOf(focused())) === "many-2");
    // By another device.
    await page.evaluate(`inbox.vanish("many-2")`);
    await until(async () => (await keyOf(focused())) === "many-3");
    // By the menu of the row.
    await press("Tab", "Tab", "Tab", "Tab", "Enter");
    await page.locator(".carillon-option:focus").waitFor();
    await press("End", "Enter");
    await until(async () => (await keyOf(focused())) === "many-4");
    await press("e", "e", "e");
    await page.locator(".carillon-feed:focus").waitFor();
    expect(await page.locator(".carillon-empty").count()).toBe(1);
  });

  it("keeps the focus and what is in sight where they are when items arrive", async () => {
    await show("many");
    await openPanel();
    await press("j", ...Array.from({ length: 12 }, () => "j"));
    expect(await keyOf(focused())).toBe("many-12");
    const before = await focused().boundingBox();
    await page.evaluate(`inbox.arrive(
      ...[1, 2, 3].map((n) => ({ ...inbox.getState().stores.all.items[0], n_id: "new-" + n, created_on: Date.now() + n, read_on: null })))`);
    const pill = page.locator(".carillon-arrivals");
    await pill.waitFor();
    expect(await pill.textContent()).toBe("3 new notifications");
    expect(await keyOf(focused())).toBe("many-12");
    expect((await focused().boundingBox())?.y).toBeCloseTo(before?.y ?? 0, 0);
    await pill.click();
    await until(async () => (await keyOf(focused())) === "new-3");
    expect(await pill.count()).toBe(0);
  });

  it("reads out what arrives, at most once in five seconds", async () => {
    await show("empty");
    await page.evaluate(`{
      globalThis.said = [];
      const root = document.querySelector("carillon-inbox")?.shadowRoot ?? document;
      const status = root.querySelector("[role=status]");
      new MutationObserver(() => status.textContent && said.push([performance.now(), status.textContent])).observe(status, { subtree: true, childList: true, characterData: true });
      const item = (n) => ({ n_id: "a" + n, n_category: "c", created_on: Date.now() + n, seen_on: null, read_on: null, interacted_on: null, archived: false, tags: [], expiry: null, is_expiry_visible: false, is_pinned: false, seq: n, snoozed_until: null, collapse_key: null, message: { schema: "1.0", header: "Header " + n, text: "" } });
      inbox.arrive(item(1));
      setTimeout(() => inbox.arrive(item(2)), 500);
      setTimeout(() => inbox.arrive(item(3), item(4)), 1000);
    }`);
    await until(() => page.evaluate<boolean>("said.length >= 2"));
    const said = await page.evaluate<[number, string][]>("said");
    expect(said.map(([, text]) => text)).toEqual(["Header 1", "2 new notifications"]);
    expect((said[1]?.[0] ?? 0) - (said[0]?.[0] ?? 0)).toBeGreaterThan(4900);
  });

  it("opens and closes a stack, and undoes by the button as by the key", async () => {
    await show("ordinary");
    await openPanel();
    const stack = page.locator(".carillon-stack");
    expect(await stack.textContent()).toBe("and 4 more");
    const closed = await rows().count();
    await press("j", "j", "j", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Enter");
    await until(async () => (await stack.getAttribute("aria-expanded")) === "true");
    expect(await stack.textContent()).toBe("Show less");
    expect(await page.locator(".carillon-item[data-nested]").count()).toBe(4);
    await press("Enter");
    await until(async () => (await rows().count()) === closed);
    await page.locator(".carillon-item").nth(1).focus();
    await press("e");
    await page.locator(".carillon-notice .carillon-action").focus();
    await press("Enter");
    await until(async () => (await rows().count()) === closed);
    expect(await page.locator(".carillon-notice").count()).toBe(0);
  });

  it("says so when the server refuses", async () => {
    await show("refused");
    await openPanel();
    await press("j", "e");
    await page.locator(".carillon-notice", { hasText: "That did not work" }).waitFor();
    expect(await rows().count()).toBe(3);
  });

  it("switches preferences, all of one category and one channel", async () => {
    await show("preferences");
    await page.locator(".carillon-switch").first().waitFor();
    await press("Tab");
    const required = page.locator(".carillon-switch:focus");
    expect(await required.getAttribute("aria-disabled")).toBe("true");
    await press("Space");
    expect(await required.getAttribute("aria-checked")).toBe("true");
    await press("Tab");
    expect(await page.locator(".carillon-channel:focus").textContent()).toBe("Email");
    await press("Enter");
    expect(await page.locator(".carillon-channel:focus").getAttribute("aria-pressed")).toBe("false");
    expect((await calls()).at(-1)).toBe(`set security {"email":"opt_out"}`);
    await page.getByRole("switch", { name: "Newsletter" }).focus();
    await press("Space");
    expect((await calls()).at(-1)).toBe("set newsletter opt_in{}");
    await page.getByRole("switch", { name: "SMS" }).focus();
    await press("Space");
    expect((await calls()).at(-1)).toBe("setChannel sms false");
  });
}
