import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vendorReference } from "../../../../scripts/vendor-reference.ts";
import { vendors } from "../../src/vendors/index.gen.ts";
import { createHarness, type Harness } from "../harness.ts";
import { runPage } from "./run-page.ts";

/* The reference of vendors is complete and fresh, and the commands of the pages about them work as written. */
const page = await readFile(
  fileURLToPath(new URL("../../../../docs/reference/vendors.md", import.meta.url)),
  "utf8",
);

describe("the reference of vendors", () => {
  it("is made of the vendors as they are", async () => {
    expect(await vendorReference(vendors)).toBe(page);
  });

  it("lists every vendor but the simulators", () => {
    const real = vendors.filter(({ vendor }) => vendor !== "simulator").map(({ slug }) => slug);
    const listed = [...page.matchAll(/^\| \[?`([\w-]+-[\w-]+)`/gm)].map(([, slug]) => slug);
    expect(new Set(listed)).toEqual(new Set(real));
    expect(listed).toHaveLength(real.length);
  });

  it("says what each setting means", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(([, , meaning = ""]) => meaning.trim() === "")).toEqual([]);
  });
});

describe("the commands of a page", () => {
  let harness: Harness;
  beforeAll(async () => {
    // Nothing is to leave this machine.
    harness = await createHarness({ role: "api" });
  });
  afterAll(() => harness.close());

  it.each([
    ["connect-push", ["vapid-webpush"]],
    ["connect-chat", ["slack-slack", "ms_teams-ms_teams"]],
  ])("%s save its vendors and trigger a message", async (name, slugs) => {
    const out = await runPage(harness, `docs/guide/${name}.md`);
    for (const slug of slugs) expect(out).toContain(`"vendor_slug":"${slug}"`);
    expect(out).toContain('"is_valid":true');
    expect(out).toMatch(/"status":"success","message_id":"[0-9a-f-]{36}"/);
    expect(out).not.toContain("the value of the secret");
  });

  it("of the page about vendors set a priority list and a pace, and try a vendor", async () => {
    const out = await runPage(harness, "docs/concepts/vendors.md");
    expect(out).toMatch(
      /"vendors":\[\{"id":"\w+","fallback_seconds":30\},\{"id":"\w+","fallback_seconds":30\}\]/,
    );
    expect(out).toContain('"pace":{"rate_per_second":20,"burst":40,"daily_cap":100000}');
    expect(out).toContain('{"ok":true,"message":null}');
    expect(out).toContain('"code":"simulated_reject","message":"simulated: reject"');
  });
});
