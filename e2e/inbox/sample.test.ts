import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "../../packages/server/test/temporary-folder.ts";
import { until } from "../../packages/server/test/harness.ts";
import { launchBrowser } from "../support/browser.ts";
import { command, type Command } from "../support/command.ts";

/** The sample app of the quickstart, as its visitors meet it. */
let folder: string;
let browser: Browser;
let quickstart: Command;
let url: string;

beforeAll(async () => {
  folder = await temporaryFolder("sample");
  quickstart = command(["scripts/run.mjs", "quickstart"], { DATA_DIR: join(folder, "data"), PORT: "0" });
  const [[, address = ""], launched] = await Promise.all([
    quickstart.says(/Try it: +(\S+)/, 150),
    launchBrowser(),
  ]);
  url = address;
  browser = launched;
  // It makes a database and builds the pages: seconds on a quiet machine, minutes on one that tests everything at once.
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await quickstart?.stop("SIGINT");
  await rm(folder, { recursive: true, force: true });
});

it("a visitor sends himself a notification, sees it arrive in every tab, reads it, and it stays read", async () => {
  const context = await browser.newContext({ viewport: { width: 900, height: 800 } });
  const errors: string[] = [];
  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    page.on("pageerror", (error) => void errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(url);
    await page.locator(".carillon-bell").waitFor();
    return page;
  };
  const page = await open();
  const other = await open();
  const rows = page.locator(".carillon-item");

  // The order of the quickstart is there already.
  await page.locator(".carillon-bell").click();
  await rows.getByText("Order A-1001 confirmed").waitFor();
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator(".carillon-badge").count()) === 0);

  await page.getByRole("button", { name: "Send me one" }).click();
  await page.locator(".carillon-toast", { hasText: "asked for your review" }).waitFor();
  expect(await page.locator(".carillon-badge").textContent()).toBe("1");
  await other.locator(".carillon-badge", { hasText: "1" }).waitFor();

  await page.locator(".carillon-bell").click();
  const item = rows.filter({ hasText: "asked for your review" });
  await item.waitFor();
  expect(await item.getAttribute("data-unread")).toBe("");
  expect(await item.locator(".carillon-action").allTextContents()).toEqual(["Review", "Later"]);
  await item.getByRole("link", { name: "Review", exact: true }).click();
  expect(page.url()).toMatch(/#\/pulls\/\d+\/review$/);
  await until(async () => (await item.getAttribute("data-unread")) === null);

  // In the other tab as well, without it asking.
  await other.locator(".carillon-bell").click();
  const there = other.locator(".carillon-item", { hasText: "asked for your review" });
  await there.waitFor();
  await until(async () => (await there.getAttribute("data-unread")) === null);

  await page.reload();
  await page.locator(".carillon-bell").click();
  await item.waitFor();
  expect(await item.getAttribute("data-unread")).toBe(null);
  expect(errors).toEqual([]);
  await context.close();
});
