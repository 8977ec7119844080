import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { BUILDS, type Build, buildStories, ORIGIN, type Stories } from "../support/stories.ts";

/** Every story in every build, in a real browser: accessible as axe sees it, and harmless whatever is in an item. */
let browser: Browser;
let stories: Stories;
let axe: string;

beforeAll(async () => {
  [browser, stories] = await Promise.all([launchBrowser(), buildStories()]);
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
});
afterAll(async () => {
  await browser?.close();
  await stories?.[Symbol.asyncDispose]();
});

/** With the panel open, where the story has one. */
const SHOWN = [
  "ordinary",
  "grouped",
  "long",
  "some",
  "empty",
  "loading",
  "error",
  "offline",
  "arabic",
  "german",
  "toasts",
  "feed",
  "item",
  "preferences",
  "noPreferences",
];
const REACT_ONLY = new Set(["feed", "item"]);

async function show(page: Page, story: string, theme: "light" | "dark"): Promise<void> {
  await page.evaluate(`show("${story}", "${theme}")`);
  await page.locator("main > *").first().waitFor({ state: "attached" });
}

async function openPanel(page: Page): Promise<void> {
  await page.locator(".carillon-bell").click();
  await page.locator(".carillon-content").waitFor();
}

interface Violation {
  id: string;
  nodes: { target: unknown; failureSummary: string }[];
}

/** What axe finds, with its reasons; empty where all is well. */
async function violations(page: Page): Promise<string[]> {
  // A contrast is that of the end of an animation.
  await page.evaluate(`Promise.all(document.getAnimations().map((one) => one.finished))`);
  const found = await page.evaluate<Violation[]>(`axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: { "page-has-heading-one": { enabled: false }, region: { enabled: false } },
  }).then(({ violations }) => violations)`);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${JSON.stringify(target)} ${failureSummary}`),
  );
}

async function newPage(build: Build): Promise<Page> {
  // Still: an animation that never ends has no contrast of its own.
  const page = await browser.newPage({ viewport: { width: 480, height: 760 }, reducedMotion: "reduce" });
  page.on("pageerror", (error) => {
    throw error;
  });
  await stories.open(page, build);
  await page.evaluate(axe);
  return page;
}

describe.each(["react 19", "element"] as const)("the components, by %s", (build) => {
  it.each(["light", "dark"] as const)("have nothing that axe objects to, in %s", async (theme) => {
    const page = await newPage(build);
    const wrong: string[] = [];
    for (const story of SHOWN) {
      if (build === "element" && REACT_ONLY.has(story)) continue;
      await show(page, story, theme);
      // Toasts are for a closed panel.
      if (story === "toasts") await page.locator(".carillon-toast").last().waitFor();
      else if ((await page.locator(".carillon-bell").count()) > 0) await openPanel(page);
      else await page.locator(".carillon-root").waitFor();
      wrong.push(...(await violations(page)).map((text) => `${story}: ${text}`));
    }
    expect(wrong).toEqual([]);
    await page.close();
  });

  it.each(["light", "dark"] as const)(
    "have nothing that axe objects to with a menu open, in %s",
    async (theme) => {
      const page = await newPage(build);
      await show(page, "ordinary", theme);
      await openPanel(page);
      const header = page.locator(".carillon-header button[data-icon=more]");
      await header.click();
      await page.locator(".carillon-menu").waitFor();
      const wrong = await violations(page);
      await header.click();
      await page.locator(".carillon-menu").waitFor({ state: "detached" });
      await page.keyboard.press("j");
      await page.keyboard.press("h");
      await page.locator(".carillon-menu .carillon-option").first().waitFor();
      wrong.push(...(await violations(page)));
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await page.locator(".carillon-picker").waitFor();
      wrong.push(...(await violations(page)));
      await page.keyboard.press("Escape");
      await page.keyboard.press("e");
      await page.locator(".carillon-notice").waitFor();
      wrong.push(...(await violations(page)));
      expect(wrong).toEqual([]);
      await page.close();
    },
  );
});

/** Addresses of links and pictures, in shadow trees too, that a browser would not ask a server for. */
async function urlsIn(page: Page): Promise<string[]> {
  const links = await page
    .locator("a")
    .evaluateAll((all) => all.map((link) => (link as unknown as { href: string }).href));
  const images = await page
    .locator("img")
    .evaluateAll((all) => all.map((image) => (image as unknown as { src: string }).src));
  return [...links, ...images].filter((url) => !/^https?:/.test(url));
}

describe.each(BUILDS)("what a sender puts into an item, shown by %s", (build) => {
  it("stays text: no script runs, no link of it is followed, nothing is loaded", async () => {
    const page = await newPage(build);
    const asked: string[] = [];
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith("data:") && !url.endsWith(".js")) asked.push(url);
    });
    page.on("dialog", (dialog) => void asked.push(`dialog ${dialog.message()}`));
    await show(page, "hostile", "light");
    await page.locator(".carillon-toast").waitFor();
    await page.locator(".carillon-toast").click();
    await openPanel(page);
    // The markup stands there as it was written.
    expect(await page.locator(".carillon-tab").first().textContent()).toContain("<script>");
    for (let row = 0; row < 6; row++) {
      await page.keyboard.press("j");
      const item = page.locator(".carillon-item:focus");
      expect(await item.locator(".carillon-heading").textContent()).toContain("<img src=x");
      for (const part of await item.locator("a, .carillon-card, .carillon-avatar").all()) {
        await part.click({ position: { x: 4, y: 4 }, force: true });
      }
      expect(await urlsIn(page)).toEqual([]);
    }
    expect(await page.locator("main script, main svg[onload], main img[onerror]").count()).toBe(0);

    await page.locator(".carillon-header button[data-icon=more]").click();
    await page.locator(".carillon-menu [data-icon=settings]").click();
    await page.locator(".carillon-category").waitFor();
    expect(await page.locator(".carillon-category").textContent()).toContain("<script>");
    await page.locator(".carillon-channel").click();

    expect(await page.evaluate("'pwned' in globalThis")).toBe(false);
    expect(asked).toEqual([]);
    expect(page.url()).toBe(`${ORIGIN}/`);
    await page.close();
  });
});
