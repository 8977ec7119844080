import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDashboard, type Dashboard, type Opened } from "../support/dashboard.ts";

/** Who comes in how, and what a role sees. */
let dashboard: Dashboard;
let opened: Opened[] = [];

beforeAll(async () => {
  dashboard = await createDashboard({ isLocal: true });
}, 120_000);
afterAll(() => dashboard?.close());
afterEach(async () => {
  const last = opened;
  opened = [];
  for (const one of last) await one.close();
});

async function open(path: string) {
  const one = await dashboard.open(path, { hash: "" });
  opened.push(one);
  return one.page;
}

const shown = (what: Locator) => what.waitFor().then(() => true);

describe("on the server's own machine, before there is a password", () => {
  it("the first visit is signed in, and lands on Home", async () => {
    const page = await open("/");
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
    expect(new URL(page.url()).pathname).toBe("/w/staging/");
    const cookies = await page.context().cookies();
    expect(cookies.some(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax")).toBe(true);
  });

  it("signing out stays signed out, and the way back is one press", async () => {
    const page = await open("/w/staging/logs/runs");
    expect(await shown(page.getByRole("heading", { name: "Runs" }))).toBe(true);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("nobody has a password yet").waitFor();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
  });

  it("shows a viewer what happened, and offers nothing that the API would refuse", async () => {
    const { path } = await dashboard.manage<{ path: string }>("POST", "/v1/people/invitation/", {
      email: "vera@example.com",
      name: "Vera",
      roles: [{ workspace: "staging", role: "viewer" }],
    });
    const page = await open(path);
    await page.getByText("You sign in as vera@example.com").waitFor();
    await page.getByLabel("New password").fill("correct horse battery staple");
    await page.getByRole("button", { name: "Accept the invitation" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    expect(page.url()).not.toContain("token");

    await page.goto(`${dashboard.harness.url}/w/staging/workflows`);
    await page.getByRole("link", { name: "Note" }).waitFor();
    expect(await page.getByRole("button", { name: "New workflow" }).count()).toBe(0);
    await page.goto(`${dashboard.harness.url}/w/staging/logs/messages?status=trigger_failed`);
    await page.locator(".grid-row a").first().click();
    await page.locator(".detail .verdict").getByText("simulated: bounce").waitFor();
    expect(await page.getByRole("button", { name: "Redrive" }).count()).toBe(0);
  });

  it("asks for the password once somebody has one, and says when it is wrong", async () => {
    const page = await open("/w/staging/");
    await page.getByLabel("E-mail address").fill("vera@example.com");
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
    await page.keyboard.press("Enter");
    expect(await shown(page.getByRole("heading", { name: "Home" }))).toBe(true);
  });
});
