import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { findChromium } from "../support/browser.ts";
import { createDashboard, type Dashboard, type Opened, type OpenOptions } from "../support/dashboard.ts";

/** The dashboard in a real browser, on a real server that has sent messages, including hostile ones. */
let dashboard: Dashboard;
let opened: Opened | null = null;

beforeAll(async () => {
  dashboard = await createDashboard();
}, 120_000);
afterAll(() => dashboard?.close());
afterEach(async () => {
  const last = opened;
  opened = null;
  await last?.close();
});

async function open(path: string, options?: OpenOptions) {
  opened = await dashboard.open(path, options);
  return opened.page;
}

const rows = () => {
  if (opened === null) throw new Error("no page is open");
  return opened.page.locator(".grid-row");
};
/** Waits for it. */
const shown = (what: Locator) => what.waitFor().then(() => true);
const rowOf = (...texts: string[]) => {
  let found = rows();
  for (const text of texts) found = found.filter({ hasText: text });
  return found.first();
};

describe("signing in", () => {
  it("takes the token out of the address, and knows it after a reload", async () => {
    const page = await open("/w/staging/");
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
    expect(page.url()).toBe(`${dashboard.harness.url}/w/staging/`);
    await page.reload();
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
  });

  it("asks for a token at the address that was opened, says what is wrong with one, and goes on there", async () => {
    const page = await open("/w/staging/logs/runs", { hash: "" });
    await page.getByRole("button", { name: "With a service token" }).click();
    expect(await shown(page.getByText("npx carillon keys --new-service-token me"))).toBe(true);
    await page.getByRole("textbox", { name: "Service token" }).fill("SS.ST.wrong");
    await page.keyboard.press("Enter");
    expect(await shown(page.getByText("Invalid service token."))).toBe(true);
    await page.getByRole("textbox", { name: "Service token" }).fill(dashboard.harness.serviceToken);
    await page.keyboard.press("Enter");
    expect(await shown(page.getByRole("heading", { name: "Runs" }))).toBe(true);
    expect(await shown(rowOf("ada"))).toBe(true);
  });

  it("ends with the tab's token, and shows nothing afterwards", async () => {
    const page = await open("/w/staging/");
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(await shown(page.getByRole("heading", { name: "Sign in" }))).toBe(true);
    await page.goto(`${dashboard.harness.url}/w/staging/logs/messages`);
    expect(await shown(page.getByRole("heading", { name: "Sign in" }))).toBe(true);
    expect(await page.locator(".grid-row").count()).toBe(0);
  });

  it("says which workspaces there are at the address of one that is not", async () => {
    const page = await open("/w/nowhere/");
    expect(await shown(page.getByText('There is no workspace "nowhere"'))).toBe(true);
    await page.getByRole("link", { name: "Staging" }).click();
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
  });
});

describe("the logs", () => {
  it("show what was sent, newest first, and say why a message failed", async () => {
    const page = await open("/w/staging/logs/messages");
    expect(await shown(rows().nth(5))).toBe(true);
    await rowOf("SMS", "script").locator("a").click();
    expect(await shown(page.locator(".detail .verdict").getByText("simulated: bounce"))).toBe(true);
    expect(await shown(page.getByRole("region", { name: "Detail" }).getByText("+14155550002"))).toBe(true);
    expect(new URL(page.url()).searchParams.get("row")).toMatch(/^\w{26}$/);
  });

  it("keep filters and the chosen row in the address: another tab shows the same", async () => {
    const page = await open("/w/staging/logs/messages?channel=sms");
    await until(async () => (await rows().count()) === 2);
    await page.getByLabel("Search by field").fill("channel:inbox recipient:ada");
    await page.keyboard.press("Enter");
    await until(async () => (await rows().count()) === 1);
    await page.keyboard.press("Escape");
    const { searchParams } = new URL(page.url());
    expect(Object.fromEntries(searchParams)).toEqual({ channel: "inbox", recipient: "ada" });
    await page.getByRole("button", { name: "Remove the filter channel" }).click();
    await until(async () => (await rows().count()) === 3);
  });

  it("refuse a filter that cannot be applied, at its place, and leave the rows as they were", async () => {
    const page = await open("/w/staging/logs/runs");
    expect(await shown(rows().nth(1))).toBe(true);
    await page.getByLabel("Search by field").fill("colour:red status:lost");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    expect(await shown(alert.getByText("there is no such field"))).toBe(true);
    expect(await shown(alert.getByText("must be one of in_progress, completed"))).toBe(true);
    expect(new URL(page.url()).search).toBe("");
    expect(await rows().count()).toBe(2);
  });

  it("say so when nothing matches, and offer the way back", async () => {
    const page = await open("/w/staging/logs/requests?recipient=nobody");
    expect(await shown(page.getByText("Nothing matches these filters"))).toBe(true);
    await page.getByRole("button", { name: "Clear the filters" }).click();
    expect(await shown(rows().nth(1))).toBe(true);
  });

  it("show a new message by themselves, without moving what is being read", async () => {
    const page = await open("/w/staging/logs/messages?channel=sms");
    await rowOf("ada").locator("a").click();
    await page
      .getByRole("region", { name: "Detail" })
      .getByText("Text for Ada: Hello", { exact: true })
      .waitFor();
    await dashboard.trigger({ distinct_id: "late", name: "Lea", $sms: "+14155552672" }, "Later");
    expect(await shown(rowOf("late"))).toBe(true);
    await page
      .getByRole("region", { name: "Detail" })
      .getByText("Text for Ada: Hello", { exact: true })
      .waitFor();
  });

  it("are walked by keys alone: j and k through rows, ↵ into one, Escape out of it", async () => {
    const page = await open("/w/staging/logs/runs?recipient=ada");
    expect(await shown(rows().first())).toBe(true);
    await page.keyboard.press("j");
    const detail = page.getByRole("region", { name: "Detail" });
    expect(await shown(detail.getByText("3 of 3 messages went out"))).toBe(true);
    await page.keyboard.press("Escape");
    await until(async () => (await detail.count()) === 0);
    await page.keyboard.press("/");
    await page.keyboard.type(" status:completed");
    await page.keyboard.press("Enter");
    await until(() => Promise.resolve(page.url().includes("status=completed")));
  });
});

describe("a run", () => {
  it("says in one sentence what became of it, each step with its values, and shows what was sent", async () => {
    const page = await open("/w/staging/logs/runs?recipient=ada");
    await rowOf("ada").locator("a").click();
    await page.getByRole("region", { name: "Detail" }).getByRole("link", { name: "note · ada" }).click();
    expect(await shown(page.getByRole("heading", { name: "Run", exact: true }))).toBe(true);
    expect(await shown(page.getByText("ada: 3 of 3 messages went out"))).toBe(true);
    expect(await shown(page.getByRole("button", { name: /^All send multi channel/ }))).toBe(true);
    await page
      .getByText(/^channels: .*email/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Look at it" }).first().click();
    expect(await shown(page.frameLocator("iframe").getByRole("heading", { name: "Dear Ada" }))).toBe(true);
  });

  it("is rerun as a test with the same payload, and nothing is sent", async () => {
    const before = await countMessages();
    const page = await open("/w/staging/logs/runs?recipient=ada");
    await rowOf("ada").locator("a").click();
    await page.getByRole("button", { name: "Rerun as a test" }).click();
    const dialog = page.getByRole("dialog");
    expect(await shown(dialog.getByText("Text for Ada: Hello", { exact: true }))).toBe(true);
    await dialog.getByRole("button", { name: "Close" }).click();
    expect(await countMessages()).toBe(before);
  });

  it("is found by any id that belongs to it", async () => {
    const [run] = await runsOf("ada");
    const page = await open(`/x/${run?.execution_id ?? ""}`);
    expect(await shown(page.getByText("ada: 3 of 3 messages went out"))).toBe(true);
  });
});

describe("what messages say", () => {
  it.each(["logs/requests", "logs/runs", "logs/messages", "develop/simulator"])(
    "is text on %s, in rows and details, whatever it looks like",
    async (path) => {
      const page = await open(`/w/staging/${path}`);
      await rowOf("script").locator("a").click();
      const detail = page.getByRole("region", { name: "Detail" });
      expect(await shown(detail.getByText("<script>alert(2)</script>").first())).toBe(true);
      expect(await page.locator("main img, main script").count()).toBe(0);
    },
  );

  it("is shown as mail in a frame that runs nothing, loads nothing and leads nowhere", async () => {
    const page = await open("/w/staging/develop/simulator?channel=email");
    await rowOf("script").locator("a").click();
    const frame = page.frameLocator("iframe");
    expect(await shown(frame.getByRole("heading", { name: "Dear Eve" }))).toBe(true);
    expect(await page.locator("iframe").getAttribute("sandbox")).toBe("allow-scripts");
    await frame.getByText("A link").click();
    await frame.getByText("Click me").click();
    expect(await shown(frame.getByRole("heading", { name: "Dear Eve" }))).toBe(true);
    expect(await frame.locator("script, iframe, meta[http-equiv]").count()).toBe(0);
    expect(new URL(page.url()).pathname).toBe("/w/staging/develop/simulator");
  });
});

describe("the browser for these tests", () => {
  it("is the one in CHROMIUM_PATH, or none", async () => {
    expect(await findChromium(process.execPath)).toBe(process.execPath);
    await expect(findChromium("/nowhere/chromium")).rejects.toThrow(
      "CHROMIUM_PATH names /nowhere/chromium, which cannot be run. Name a Chromium or Chrome there.",
    );
  });
});

async function runsOf(recipient: string): Promise<{ execution_id: string }[]> {
  const path = `/v1/staging/log/execution/?recipient=${encodeURIComponent(recipient)}`;
  return (await dashboard.manage<{ results: { execution_id: string }[] }>("GET", path)).results;
}

async function countMessages(): Promise<number> {
  return (await dashboard.hub<{ meta: { count: number } }>("GET", "/v1/message/")).meta.count;
}
