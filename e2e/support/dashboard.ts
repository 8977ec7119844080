import { axe } from "./axe.ts";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createHarness, type Harness, until } from "../../packages/server/test/harness.ts";
import { ensureDashboard } from "../../scripts/build-dashboard.ts";
import { launchBrowser } from "./browser.ts";

/** A server with its dashboard, a browser, and messages that were sent, among them hostile ones. */
export interface Dashboard {
  harness: Harness;
  browser: Browser;
  /** Opens a page, signed in with the service token unless `hash` says otherwise. */
  open: (path: string, options?: OpenOptions) => Promise<Opened>;
  manage: <T>(method: string, path: string, body?: object) => Promise<T>;
  hub: <T>(method: string, path: string, body?: object) => Promise<T>;
  trigger: (recipient: object, word: string) => Promise<void>;
  close: () => Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  hash?: string;
}

export interface Opened {
  page: Page;
  /** What a page must never do: dialogs, errors, refusals by its policy, answers to hostile requests. */
  alarms: string[];
  axe: () => Promise<string[]>;
  close: () => Promise<void>;
}

/** Markup that would be noticed if any page took it for markup. */
export const HOSTILE = `"><img src=x onerror="parent.pwned=1;alert(1)"><script>alert(2)</script>`;
const MAIL = `<html><head><meta http-equiv="refresh" content="0;url=/pwned"></head><body onload="parent.pwned=1">
<h1>Dear {{$recipient.name}}</h1><script>parent.pwned = 1; top.location = "/pwned"; fetch("/pwned");</script>
<img src="/pwned.png" onerror="parent.pwned=1;alert(3)"><iframe src="/pwned"></iframe>
<form action="/pwned"><button>Click me</button></form><a href="/pwned" target="_top">A link</a></body></html>`;

/** `isLocal`: as on a developer's machine, where the first visit is signed in. */
export async function createDashboard({ isLocal = false } = {}): Promise<Dashboard> {
  await ensureDashboard();
  const harness = await createHarness(isLocal ? {} : { env: { TRUSTED_PROXIES: "192.0.2.1" } });
  const browser = await launchBrowser();
  const call = async <T>(authorization: string, method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(harness.url + path, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };
  const dashboard: Dashboard = {
    harness,
    browser,
    manage: (method, path, body) => call(`ServiceToken ${harness.serviceToken}`, method, path, body),
    hub: (method, path, body) => call(`Bearer ${harness.apiKey}`, method, path, body),
    async trigger(recipient, word) {
      await dashboard.hub("POST", "/trigger/", { workflow: "note", recipients: [recipient], data: { word } });
    },
    open: (path, options) => open(dashboard, path, options),
    async close() {
      await browser.close();
      await harness.close();
    },
  };
  await addWorkflow(dashboard);
  await dashboard.trigger(
    { distinct_id: "ada", name: "Ada", $email: "ada@example.com", $sms: "+14155552671" },
    "Hello",
  );
  await dashboard.trigger(
    { distinct_id: HOSTILE, name: "Eve", $email: "eve@example.com", $sms: "+14155550002" },
    HOSTILE,
  );
  await until(async () => {
    const { results } = await dashboard.manage<{ results: { status: string }[] }>(
      "GET",
      "/v1/staging/simulator/?limit=100",
    );
    return results.length === 6 && results.every(({ status }) => status !== "triggered");
  });
  return dashboard;
}

async function addWorkflow({ manage }: Dashboard): Promise<void> {
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

async function open(
  { harness, browser }: Dashboard,
  path: string,
  { hash = `#token=${harness.serviceToken}`, ...options }: OpenOptions = {},
): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  const alarms: string[] = [];
  page.on("dialog", (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss().catch(() => {});
  });
  page.on("pageerror", (error) => void alarms.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The frame for mail refuses what mails try; nothing else may have to.
    const isOfMail = message.location().url.includes("/mail-frame");
    if (/content security policy/i.test(message.text()) && !isOfMail) alarms.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== harness.url && !request.url().startsWith("data:"))
      alarms.push(`left the origin: ${request.url()}`);
  });
  // Requests blocked by the policy may be announced, but never get a response.
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/pwned")) alarms.push(`answered: ${response.url()}`);
  });
  await page.goto(`${harness.url}${path}${hash}`);
  return {
    page,
    alarms,
    axe: () => axe(page),
    async close() {
      const wasHurt = await page.evaluate(() => "pwned" in globalThis);
      await page.close();
      if (wasHurt) alarms.push("a script of a message ran in the page");
      if (alarms.length > 0) throw new Error(alarms.join("\n"));
    },
  };
}
