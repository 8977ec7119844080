import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { createDashboard, type Dashboard, type Opened } from "../support/dashboard.ts";

/** Every page and every kind of overlay, in light and dark: nothing for axe to find, and nothing that overflows. */
let dashboard: Dashboard;
let opened: Opened;
let run: string;

beforeAll(async () => {
  dashboard = await createDashboard();
  const { manage, hub } = dashboard;
  await hub("POST", "/v1/object/team/core/", { name: "Core" });
  await hub("POST", "/v1/object/team/core/subscription/", { recipients: ["ada"] });
  await hub("POST", "/v1/subscriber_list/", { list_id: "testers", list_name: "Testers" });
  await hub("POST", "/v1/subscriber_list/testers/subscriber/add/", { distinct_ids: ["ada"] });
  await hub("POST", "/v1/tenant/acme/", { tenant_name: "Acme", primary_color: "#c2264d" });
  await manage("POST", "/v1/staging/preference_category/?commit=true&commit_message=test", {
    root_categories: [
      {
        root_category: "promotional",
        sections: [
          {
            name: "News",
            categories: [{ category: "news", name: "News", default_preference: "opt_in" }],
          },
        ],
      },
    ],
  });
  const { results } = await manage<{ results: { execution_id: string }[] }>(
    "GET",
    "/v1/staging/log/execution/?recipient=ada",
  );
  run = results[0]?.execution_id ?? "";
  opened = await dashboard.open("/w/staging/");
}, 120_000);
afterAll(async () => {
  await opened?.close();
  await dashboard?.close();
});

const PAGES = [
  "",
  "logs/requests",
  "logs/runs",
  "logs/messages",
  "logs/runs?recipient=nobody",
  "workflows",
  "workflows/note",
  "workflows/note/edit",
  "workflows/note/versions",
  "templates",
  "templates/note",
  "preferences",
  "recipients/users",
  "recipients/users/ada",
  "recipients/objects",
  "recipients/objects?type=team",
  "recipients/objects/team/core",
  "recipients/lists",
  "recipients/lists/testers",
  "tenants",
  "tenants/acme",
  "broadcasts",
  "vendors",
  "vendors/new/twilio-sms",
  "develop/simulator",
  "develop/keys",
  "develop/clock",
  "x/nothing-of-this",
  "nothing/here",
];

/** Goes there as a link does, and waits until all of the page has been read. */
async function visit(path: string): Promise<void> {
  const { page } = opened;
  const address = `/w/staging/${path}`;
  await page.evaluate((to) => {
    const window = globalThis as unknown as EventTarget & {
      history: { pushState: (state: unknown, title: string, to: string) => void };
    };
    window.history.pushState({}, "", to);
    window.dispatchEvent(new Event("popstate"));
  }, address);
  await page.locator(`main[data-at=${JSON.stringify(address)}]`).waitFor();
  await settle();
}

async function settle(): Promise<void> {
  await until(async () => (await opened.page.locator("main .loading").count()) === 0);
}

async function findingsOn(path: string): Promise<string[]> {
  await visit(path);
  return (await opened.axe()).map((line) => `/${path}: ${line}`);
}

const DIALOGS = [
  ["workflows", "New workflow"],
  ["broadcasts", "New broadcast"],
  ["tenants", "New tenant"],
  ["develop/keys", "New API key"],
  ["vendors", "Connect a vendor"],
  ["preferences", "Edit the categories"],
  ["recipients/users/ada", "Erase"],
  ["logs/runs", "Status"],
  ["", "Appearance"],
] as const;

describe("axe finds nothing, in light and dark,", () => {
  it("on any page", async () => {
    const findings: string[] = [];
    for (const path of [...PAGES, `runs/${run}`]) findings.push(...(await findingsOn(path)));
    expect(findings).toEqual([]);
  });

  it("on a run with a message open, and beside a log", async () => {
    const { page } = opened;
    await visit(`runs/${run}`);
    await page.getByRole("button", { name: "Look at it" }).first().click();
    await settle();
    expect(await opened.axe()).toEqual([]);
    await visit("logs/messages");
    await page.locator(".grid-row a").first().click();
    await page.getByRole("region", { name: "Detail" }).waitFor();
    await settle();
    expect(await opened.axe()).toEqual([]);
  });

  it("with any overlay open", async () => {
    const { page } = opened;
    const findings: string[] = [];
    for (const [path, button] of DIALOGS) {
      await visit(path);
      await page.getByRole("button", { name: button, exact: true }).first().click();
      await page.locator("[role=dialog], [role=menu]").first().waitFor();
      findings.push(...(await opened.axe()).map((line) => `${button}: ${line}`));
      await page.keyboard.press("Escape");
    }
    for (const key of ["Control+k", "?"]) {
      await visit("");
      await page.keyboard.press(key);
      await page.getByRole("dialog").waitFor();
      findings.push(...(await opened.axe()).map((line) => `${key}: ${line}`));
      await page.keyboard.press("Escape");
    }
    expect(findings).toEqual([]);
  });
});

describe("nothing overflows to the side, on any page,", () => {
  it.each([320, 768, 2560])("at %i px", async (width) => {
    await opened.page.setViewportSize({ width, height: 800 });
    const overflows: string[] = [];
    for (const path of [...PAGES, `runs/${run}`]) {
      await visit(path);
      const overflow = await opened.page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      if (overflow > 0) overflows.push(`${path}: ${overflow}`);
    }
    expect(overflows).toEqual([]);
  });
});
