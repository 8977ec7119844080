import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { createDashboard, type Dashboard, type Opened } from "../support/dashboard.ts";

/** What is changed in the dashboard is changed on the server, and nothing that was typed is lost. */
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

async function open(path: string): Promise<Page> {
  opened = await dashboard.open(path);
  return opened.page;
}

const shown = (what: Locator) => what.waitFor().then(() => true);

interface Draft {
  name: string;
  description: string | null;
  is_enabled: boolean;
}

const draftOf = (slug: string, mode = "draft") =>
  dashboard.manage<Draft>("GET", `/v1/staging/workflow/${slug}/?mode=${mode}`);

/** Replaces the text of the editor, as typing does. */
async function type(page: Page, change: (text: string) => string): Promise<void> {
  const editor = page.getByLabel("The workflow as JSON");
  await editor.waitFor();
  const { name, ...draft } = await draftOf("note");
  const text = change(
    JSON.stringify({ name, category: "transactional", trigger_type: "api", ...treeOf(draft) }),
  );
  await editor.focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

function treeOf(draft: object): object {
  return { tree: (draft as { tree: object }).tree };
}

describe("a workflow", () => {
  it("is saved as it is typed, committed with words, and rolled back, by keys and buttons", async () => {
    const page = await open("/w/staging/workflows/note/edit");
    await type(page, (text) => text.replace('"Note"', '"Note, changed"'));
    expect(await shown(page.getByText(/^Saved at /))).toBe(true);
    expect(await draftOf("note")).toMatchObject({ name: "Note, changed" });
    expect(await draftOf("note", "live")).toMatchObject({ name: "Note" });

    await page.getByRole("button", { name: "Commit" }).click();
    await page.getByLabel("What changes").fill("another name");
    await page.keyboard.press("Enter");
    expect(await shown(page.getByText("The draft is live"))).toBe(true);
    expect(await draftOf("note", "live")).toMatchObject({ name: "Note, changed" });

    await page.getByRole("link", { name: "Versions" }).click();
    await page.getByRole("button", { name: "What it changed" }).first().click();
    expect(await shown(page.locator('.diff [data-change="added"]').getByText("Note, changed"))).toBe(true);
    await page.getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
    expect(await shown(page.getByText("What was version 1 is live again"))).toBe(true);
    expect(await draftOf("note", "live")).toMatchObject({ name: "Note" });
  });

  it("keeps what was typed when the tab dies before it was saved, also what is no JSON yet", async () => {
    const page = await open("/w/staging/workflows/note/edit");
    await type(page, () => '{"name": "half a');
    // At once: nothing has been sent.
    await page.reload();
    expect(await shown(page.getByLabel("The workflow as JSON").getByText('"half a'))).toBe(true);
    expect(await shown(page.getByText("Not saved: this is no JSON object"))).toBe(true);
    expect(await draftOf("note")).toMatchObject({ name: "Note" });
  });

  it("does not overwrite a draft that somebody else changed meanwhile", async () => {
    const page = await open("/w/staging/workflows/note/edit");
    await page.getByLabel("The workflow as JSON").waitFor();
    const theirs = await draftOf("note");
    await dashboard.manage("POST", "/v1/staging/workflow/note/", {
      ...treeOf(theirs),
      name: "Theirs",
      category: "transactional",
      trigger_type: "api",
    });
    await type(page, (text) => text.replace('"Theirs"', '"Mine"'));
    await page.getByText("somebody else changed the draft meanwhile").waitFor();
    expect(await draftOf("note")).toMatchObject({ name: "Theirs" });
    await page.getByRole("button", { name: "Keep mine" }).click();
    expect(await shown(page.getByText(/^Saved at /))).toBe(true);
    expect(await draftOf("note")).toMatchObject({ name: "Mine" });
  });

  it("is switched off at once, and on again by Undo", async () => {
    const page = await open("/w/staging/workflows");
    const row = page.getByRole("row").filter({ hasText: "note" });
    await row.locator(".switch").click();
    await until(async () => !(await draftOf("note", "live")).is_enabled);
    await page.getByRole("button", { name: "Undo" }).click();
    await until(async () => (await draftOf("note", "live")).is_enabled);
    expect(await shown(page.getByText(/takes triggers again$/).first())).toBe(true);
  });
});

describe("a template", () => {
  it("is previewed by the server with the payload that is typed", async () => {
    const page = await open("/w/staging/templates/note?variant=inbox+default");
    await page.getByLabel("Payload").fill('{"word": "Good evening"}');
    expect(await shown(page.getByText("In the inbox: Good evening", { exact: true }))).toBe(true);
  });
});

describe("a vendor", () => {
  it("is refused with the server's words for what is wrong, and saved when that is mended", async () => {
    const page = await open("/w/staging/vendors/new/twilio-sms");
    await page.getByLabel("Account SID").fill("nonsense");
    await page.getByLabel("Auth token").fill("secret");
    await page.getByRole("button", { name: "Connect a vendor" }).click();
    await page
      .getByRole("alert")
      .getByText(/account_sid/)
      .waitFor();
    await page.getByLabel("Account SID").fill(`AC${"0".repeat(32)}`);
    await page.getByLabel("From", { exact: true }).fill("+14155552671");
    await page.getByRole("button", { name: "Connect a vendor" }).click();
    expect(await shown(page.getByRole("heading", { name: "Twilio", exact: true }))).toBe(true);
    expect(await page.getByLabel("Auth token").inputValue()).not.toBe("secret");
  });
});

describe("a user", () => {
  it("is erased only by those who type the id", async () => {
    await dashboard.hub("POST", "/v1/user/gone/", { name: "Gone" });
    const page = await open("/w/staging/recipients/users/gone");
    await page.getByRole("button", { name: "Erase" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("someone else");
    expect(await dialog.getByRole("button", { name: "Erase" }).isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("gone");
    await dialog.getByRole("button", { name: "Erase" }).click();
    expect(await shown(page.getByText("gone is being erased"))).toBe(true);
    await expect(dashboard.hub("GET", "/v1/user/gone/")).rejects.toThrow("404");
  });
});
