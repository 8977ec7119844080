import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../packages/server/test/harness.ts";
import { findChromium, launchBrowser } from "./support/browser.ts";

/** The simulator's page in a real browser, on a real server that has caught messages, including hostile ones. */
let harness: Harness;
let browser: Browser;
let page: Page;
/** What the page must never do: dialogs, requests to the server caused by mails, errors of its own. */
let alarms: string[];
/** The browser's console messages about the page. */
let consoleLines: string[];

const HOSTILE = `"><img src=x onerror="parent.pwned=1;alert(1)"><script>alert(2)</script>`;
const MAIL = `<html><body onload="parent.pwned=1"><h1>Dear {{$recipient.name}}</h1>
<script>parent.pwned = 1; top.location = "/pwned"; fetch("/pwned");</script>
<img src="/pwned.png" onerror="parent.pwned=1;alert(3)"><iframe src="/pwned"></iframe>
<form action="/pwned"><button>Click me</button></form><a href="/pwned">A link</a></body></html>`;

beforeAll(async () => {
  harness = await createHarness();
  browser = await launchBrowser();
  await addWorkflow();
  await trigger(
    { distinct_id: "ada", name: "Ada", $email: "ada@example.com", $sms: "+14155552671" },
    "Hello",
  );
  await trigger(
    { distinct_id: HOSTILE, name: "Eve", $email: "eve@example.com", $sms: "+14155550002" },
    HOSTILE,
  );
  await until(async () => {
    const messages = await caught();
    const isSettled = messages.every(({ status }) => status !== "triggered");
    return messages.length === 6 && isSettled;
  });
});
afterAll(async () => {
  await browser?.close();
  await harness?.close();
});
beforeEach(() => {
  alarms = [];
  consoleLines = [];
});
afterEach(async () => {
  await page?.close();
  if (alarms.length > 0) throw new Error(alarms.join("\n"));
});

async function manage<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(harness.url + path, {
    method,
    headers: { authorization: `ServiceToken ${harness.serviceToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

async function addWorkflow(): Promise<void> {
  const contents = {
    email: { subject: "{{{word}}}", body: { type: "raw", raw: { html: MAIL, text: "" } } },
    sms: { type: "basic", body: "Text for {{{$recipient.name}}}: {{{word}}}" },
    inbox: { header: "In the inbox: {{{word}}}", body: "A body with {{{word}}}" },
  };
  const template = "/v2/staging/template/note/";
  await manage("POST", template, { name: "Note", enabled_channels: Object.keys(contents) });
  for (const [channel, content] of Object.entries(contents)) {
    await manage("POST", `${template}channel/${channel}/variant/default/`, { locale: "en", content });
  }
  await manage("PATCH", `${template}commit/?commit_message=test`, {});
  const node = { node_type: "send_multi_channel", name: "All", ref: "all", properties: { template: "note" } };
  await manage("POST", "/v1/staging/workflow/note/?commit=true&commit_message=test", {
    name: "Note",
    category: "transactional",
    trigger_type: "api",
    tree: { nodes: [node] },
  });
}

async function trigger(recipient: object, word: string): Promise<void> {
  const answer = await fetch(`${harness.url}/trigger/`, {
    method: "POST",
    headers: { authorization: `Bearer ${harness.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ workflow: "note", recipients: [recipient], data: { word } }),
  });
  if (answer.status !== 202) throw new Error(await answer.text());
}

async function caught(): Promise<{ status: string; channel: string }[]> {
  const path = "/v1/staging/simulator/?limit=100";
  return (await manage<{ results: { status: string; channel: string }[] }>("GET", path)).results;
}

/** Opens the page, by default as the quickstart's link does. */
async function open(
  hash = `#workspace=staging&token=${harness.serviceToken}`,
  options: BrowserContextOptions = {},
): Promise<void> {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.on("dialog", (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss().catch(() => {});
  });
  page.on("pageerror", (error) => void alarms.push(`error: ${error.message}`));
  page.on("console", (message) => void consoleLines.push(message.text()));
  // Requests blocked by the policy may be announced, but never get a response.
  page.on("response", (response) => {
    if (response.url().includes("pwned")) alarms.push(`answered: ${response.url()}`);
  });
  await page.goto(`${harness.url}/simulator${hash}`);
}

const rows = () => page.locator("#list .row");
const detail = () => page.locator("#detail");
/** The row of a channel and a recipient. */
const rowOf = (channel: string, recipient: string) =>
  rows().filter({ hasText: channel }).filter({ hasText: recipient }).first();

const wasHurt = () => page.evaluate(() => "pwned" in globalThis);

describe("the simulator's page", () => {
  it("shows caught messages, newest first, and the status of each", async () => {
    await open();
    await rows().nth(5).waitFor();
    expect(await rows().count()).toBe(6);

    await rowOf("sms", "ada").click();
    expect(await detail().locator("h2").textContent()).toBe("Text for Ada: Hello");
    expect(await detail().locator(".address").textContent()).toBe("sms to +14155552671 · sent by vendor");
    expect(await detail().locator(".bubble").textContent()).toBe("Text for Ada: Hello");

    await rowOf("inbox", "ada").click();
    expect(await detail().locator("h2").textContent()).toBe("In the inbox: Hello");
    expect(await detail().locator(".address").textContent()).toBe("inbox to ada · delivered");
    expect(await detail().locator(".bubble").textContent()).toBe("A body with Hello");

    await rowOf("email", "ada").click();
    expect(await detail().locator("h2").textContent()).toBe("Hello");
    expect(await page.frameLocator("iframe").locator("h1").textContent()).toBe("Dear Ada");
    await detail().getByText("Plain text").click();
    expect(await detail().locator("details pre").first().textContent()).toContain("Dear Ada");
    expect(await rowOf("email", "ada").getAttribute("aria-current")).toBe("true");
  });

  it("says why a message failed", async () => {
    await open();
    await rowOf("sms", "script").click();
    expect(await detail().locator(".address").textContent()).toBe("sms to +14155550002 · trigger failed");
    expect(await detail().locator("dl").textContent()).toContain("simulated: bounce");
  });

  it("shows mail in a frame where none of its scripts run and nothing is loaded", async () => {
    await open();
    await rowOf("email", "script").click();
    expect(await page.frameLocator("iframe").locator("h1").textContent()).toBe("Dear Eve");
    expect(await page.locator("iframe").getAttribute("sandbox")).toBe("");
    // The browser reports that it blocked the script, so there was one to block.
    await until(async () =>
      consoleLines.some((line) => /Blocked script execution in 'about:srcdoc'/.test(line)),
    );
    expect(await wasHurt()).toBe(false);
    await page.frameLocator("iframe").getByText("Click me").click();
    expect(new URL(page.url()).pathname).toBe("/simulator");
  });

  it("shows markup in subjects, texts and ids as the text that it is", async () => {
    await open();
    for (const channel of ["email", "sms", "inbox"]) {
      await rowOf(channel, "script").click();
      expect(await detail().locator("h2").textContent()).toContain(HOSTILE);
      expect(await detail().locator("dl").textContent()).toContain(HOSTILE);
      await detail().getByText("Rendered content as JSON").click();
      expect(await page.locator("#list img, #list script, #detail img, #detail script").count()).toBe(0);
    }
    expect(await wasHurt()).toBe(false);
  });

  it("removes the token from the address bar, and still knows it after a reload", async () => {
    await open();
    await rows().first().waitFor();
    expect(page.url()).toBe(`${harness.url}/simulator`);
    await page.reload();
    await rows().first().waitFor();
    expect(await page.locator("#workspace").inputValue()).toBe("staging");
  });

  it("says what is wrong with a token, and shows nothing", async () => {
    await open("#workspace=staging&token=SS.ST.wrong");
    await page.locator("#error:not(:empty)").waitFor();
    expect(await page.locator("#error").textContent()).toMatch(/token/i);
    expect(await rows().count()).toBe(0);
    expect(await detail().textContent()).toBe("");

    await page.locator("#token").fill(harness.serviceToken);
    await page.getByRole("button", { name: "Open" }).click();
    await rows().first().waitFor();
    expect(await page.locator("#error").textContent()).toBe("");
  });

  it("asks for a workspace and a token when it has none, and says where to get them", async () => {
    await open("");
    await detail().getByText("npx carillon keys --new-service-token me").waitFor();
    expect(await rows().count()).toBe(0);
  });

  it("filters by channel, and says so when there are no messages", async () => {
    await open();
    await rows().first().waitFor();
    await page.locator("#channel").selectOption("inbox");
    await until(async () => (await rows().count()) === 2);
    expect((await rows().allTextContents()).every((text) => text.startsWith("inbox"))).toBe(true);
    await page.locator("#channel").selectOption("slack");
    await detail().getByText("Nothing was caught yet.").waitFor();
    await page.locator("#channel").selectOption("");
    await until(async () => (await rows().count()) === 6);
  });

  it.each(["light", "dark"] as const)(
    "fits a narrow screen in %s: nothing overflows to the side, and everything can be reached",
    async (colorScheme) => {
      await open(undefined, { viewport: { width: 360, height: 640 }, colorScheme });
      await rowOf("email", "ada").click();
      await page.locator("iframe").scrollIntoViewIfNeeded();
      const root = "document.documentElement";
      expect(await page.evaluate(`${root}.scrollWidth - ${root}.clientWidth`)).toBe(0);
      const soft = await colorOf("#detail dt", "color");
      expect(contrast(soft, await colorOf("body", "backgroundColor"))).toBeGreaterThan(4.5);
      for (const name of ["Open", "Refresh"]) {
        await page.getByRole("button", { name }).click();
      }
      await detail().getByText("Rendered content as JSON").click();
    },
  );

  it("shows a new message automatically, without moving what is being read", async () => {
    await open();
    await rowOf("sms", "ada").click();
    await trigger({ distinct_id: "late", name: "Lea", $sms: "+14155552672" }, "Later");
    await rowOf("sms", "late").waitFor();
    expect(await detail().locator("h2").textContent()).toBe("Text for Ada: Hello");
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

/** As the browser computed it: `rgb(28, 31, 38)`. */
async function colorOf(selector: string, property: string): Promise<string> {
  return page.evaluate<string>(`getComputedStyle(document.querySelector("${selector}")).${property}`);
}

/** As defined by WCAG: from 1 to 21. */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
