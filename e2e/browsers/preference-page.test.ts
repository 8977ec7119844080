import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../packages/server/test/harness.ts";
import { createHub, type Hub } from "../../packages/server/test/hub.ts";
import { furnishPreferences } from "../../packages/server/test/preferences/desk.ts";
import { find, furnishPages, on, page as preferences } from "../../packages/server/test/preferences/pages.ts";
import { type LinkClaims, linkExpiry, signLink } from "../../packages/server/src/preferences/hosted/link.ts";
import { launchBrowser } from "../support/browser.ts";

/* The hosted preference page as people see it: in a real browser, with and without scripts, in the dark, on a phone. */
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** Screenshots are for work on the page's look: CARILLON_SCREENSHOTS names a folder. */
const screenshots = process.env.CARILLON_SCREENSHOTS;

let harness: Harness;
let hub: Hub;
let browser: Browser;
let recipient_id: string;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  browser = await launchBrowser();
  hub = await createHub(harness);
  const desk = await furnishPreferences(hub);
  await furnishPages(hub, desk);
  recipient_id = await desk.addUser("ann");
  await hub.call("POST", "/v1/tenant/default/", { tenant_name: "Acme & Sons", primary_color: "#ffd400" });
});
afterAll(async () => {
  await browser?.close();
  await harness?.close();
});

function addressOf(claims: Partial<LinkClaims> = {}): string {
  const link: LinkClaims = {
    workspace_id: hub.workspace_id,
    recipient_id,
    tenant_id: "default",
    channel: null,
    category: null,
    message_id: null,
    locale: null,
    expires_at: linkExpiry(new Date()),
    ...claims,
  };
  return `${harness.url}/p/${signLink(link, hub.workspace.link_keys)}`;
}
const fromMail = (category: string, more: Partial<LinkClaims> = {}) =>
  addressOf({ channel: "email", category, ...more });

/** Opens the address on a page that fails the test for anything it says to its console. */
async function open<T>(
  address: string,
  options: BrowserContextOptions,
  work: (page: Page) => Promise<T>,
  expected = /^$/,
): Promise<T> {
  const context = await browser.newContext({ locale: "en", ...options });
  const alarms: string[] = [];
  try {
    const page = await context.newPage();
    page.on("console", (line) => {
      if (!expected.test(line.text())) alarms.push(line.text());
    });
    page.on("pageerror", (error) => alarms.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${harness.url}/p/`)) alarms.push(`asked for ${request.url()}`);
    });
    await page.goto(address);
    const result = await work(page);
    expect(alarms).toEqual([]);
    expect(await context.cookies()).toEqual([]);
    return result;
  } finally {
    await context.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return;
  const folder = screenshots === "" ? join(tmpdir(), "preference-page") : screenshots;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

const isOn = async (slug: string, channel: string) =>
  on(find(await preferences(hub, "?show_opt_out_channels=true"), slug))?.includes(channel);

describe("with scripts", () => {
  it("a switch applies at once, keeps the focus, and is undone by the button that appears", async () => {
    await open(fromMail("newsletter"), {}, async (page) => {
      const toggle = page.getByRole("switch", { name: "Newsletter" });
      await toggle.focus();
      await page.keyboard.press("Space");
      const undo = page.getByRole("button", { name: "Undo" });
      await undo.waitFor();
      expect(await page.getByRole("status").textContent()).toContain("Saved.");
      expect(await toggle.getAttribute("aria-checked")).toBe("false");
      expect(await page.evaluate("document.activeElement.id")).toBe("b-channel-newsletter-email");
      expect(await isOn("newsletter", "email")).toBe(false);
      expect(await isOn("newsletter", "sms")).toBe(true);
      await undo.click();
      await page.locator("#b-channel-newsletter-email[aria-checked=true]").waitFor();
      expect(await isOn("newsletter", "email")).toBe(true);
      // It never left the page.
      expect(new URL(page.url()).search).toBe("");
    });
  });

  it("a change that the server does not get is taken back, and said", async () => {
    const refused = async (page: Page) => {
      await page.route("**/p/**", (route) => route.fulfill({ status: 503, body: "" }));
      const toggle = page.getByRole("switch", { name: "Newsletter" });
      await toggle.click();
      await page.getByText("This was not saved. Try again.").waitFor();
      expect(await toggle.getAttribute("aria-checked")).toBe("true");
    };
    await open(fromMail("newsletter"), {}, refused, /503/);
  });
});

describe("without scripts", () => {
  it("works in Arabic, from right to left, 320 pixels wide", async () => {
    const phone = { javaScriptEnabled: false, locale: "ar", viewport: { width: 320, height: 640 } };
    await open(fromMail("newsletter"), phone, async (page) => {
      expect(await page.locator("html").getAttribute("dir")).toBe("rtl");
      await shoot(page, "arabic-320");
      await page.getByRole("switch", { name: "Newsletter" }).click();
      await page.getByRole("button", { name: "تراجع" }).waitFor();
      expect(await isOn("newsletter", "email")).toBe(false);
      await page.getByRole("button", { name: "تراجع" }).click();
      await page.locator("#b-channel-newsletter-email[aria-checked=true]").waitFor();
      expect(await isOn("newsletter", "email")).toBe(true);
      await page.locator("#lang").selectOption("de");
      await page.locator("#languages button").click();
      await page.getByRole("heading", { name: "Benachrichtigungen einstellen" }).waitFor();
    });
  });

  it("needs no sideways scrolling at 320 pixels, in any language", async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    for (const lang of ["de", "fi", "hu", "el", "ru", "ja", "hi", "ar", "th"]) {
      await page.goto(`${addressOf()}?lang=${lang}`);
      expect(await page.evaluate<number>("document.documentElement.scrollWidth"), lang).toBeLessThanOrEqual(
        320,
      );
    }
    await context.close();
  });
});

interface Findings {
  violations: { id: string; nodes: { html: string }[] }[];
}

describe("accessibility", () => {
  const states: [string, string, () => string][] = [
    ["the page of everything", "all", () => addressOf()],
    ["the page after a change", "undo", () => `${fromMail("alerts")}?undo=category/newsletter/on&lang=he`],
    ["a dead link", "dead", () => `${harness.url}/p/x.y`],
  ];

  it.each(
    states.flatMap((state) => [[...state, "light" as const] as const, [...state, "dark" as const] as const]),
  )("axe finds nothing on %s (%s)", async (_title, name, address, colorScheme = "light") => {
    // Axe is put in by the test, past the page's own policy.
    const context = await browser.newContext({ locale: "en", colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(address());
    await shoot(page, `${name}-${colorScheme}`);
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate<Findings>("axe.run()");
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`)).toEqual(
      [],
    );
    await context.close();
  });
});
