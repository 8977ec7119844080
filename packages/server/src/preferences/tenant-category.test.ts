import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../test/harness.ts";
import { overlap } from "../../test/overlap.ts";
import { category, createPreferenceBench, type PreferenceBench } from "../../test/preferences.ts";
import { NO_CHOICE } from "../core/preferences/preferences.ts";
import type { Db } from "../db/db.ts";
import type { Preferences } from "./preferences.ts";
import { deleteTenantPreferences } from "./tenant-category.ts";

let harness: Harness;
let bench: PreferenceBench;
let preferences: Preferences;
let db: Db;
let workspace_id: number;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  bench = await createPreferenceBench(harness);
  ({ preferences, db, workspace_id } = bench);
});

describe("a tenant's settings for a category", () => {
  const edit = (slug: string, change: Parameters<Preferences["setTenantCategory"]>[4], tenant_id = "acme") =>
    bench.inTx((tx) => preferences.setTenantCategory(tx, workspace_id, tenant_id, slug, change));

  beforeEach(async () => {
    await bench.addTenant("acme");
    await bench.publish(
      category("news", {
        digest_schedule: {
          options: [
            { label: "Daily", frequency: "daily", is_default: true, time: { default_value: "09:00" } },
            { label: "Weekly", frequency: "weekly" },
          ],
        },
        properties: [
          { key: "limit", label: "Limit", value_type: "integer", default_value: 3 },
          { key: "region", label: "Region", value_type: "string", default_value: "eu" },
        ],
      }),
    );
  });

  it("changes what is said, leaves what is not, and is found with the category", async () => {
    await edit("news", { preference: "opt_out", blocked_channels: ["sms"], visible_to_subscriber: false });
    await edit("news", { opt_in_channels: [], blocked_channels: null, visible_to_subscriber: null });

    expect((await preferences.findPolicy(workspace_id, "acme", "news"))?.tenant_category).toMatchObject({
      enabled_for_tenant: true,
      visible_to_subscriber: true,
      blocked_channels: null,
      preference: "opt_out",
      mandatory_channels: null,
      opt_in_channels: [],
    });
    expect((await preferences.findPolicy(workspace_id, "default", "news"))?.tenant_category).toBeNull();
  });

  it("adds up, digest options by id and properties by key", async () => {
    await edit("news", {
      digest_schedule: { options: [{ id: "daily", time: { default_value: "07:00" }, is_default: true }] },
      properties: [
        { key: "limit", value: 5 },
        { key: "region", value: "us" },
      ],
    });
    const row = await edit("news", {
      digest_schedule: { options: [{ id: "weekly", is_default: true }] },
      properties: [{ key: "limit", value: null }],
    });

    expect(row.digest_schedule).toEqual({
      options: [
        { id: "daily", time: { default_value: "07:00" } },
        { id: "weekly", is_default: true },
      ],
    });
    expect(row.properties).toEqual({ region: "us" });
    expect(await edit("news", { digest_schedule: null, properties: null })).toMatchObject({
      digest_schedule: null,
      properties: null,
    });
  });

  it.each([
    ["acme", "gone", {}, "not_found", "category 'gone' not found"],
    // Roots have no preferences.
    ["acme", "system", {}, "not_found", "category 'system' not found"],
    ["nobody", "news", {}, "not_found", "tenant 'nobody' not found"],
    [
      "acme",
      "news",
      { properties: [{ key: "limit", value: "many" }] },
      "invalid_request_error",
      '{"properties[0].value":"must be an integer"}',
    ],
    [
      "acme",
      "news",
      { digest_schedule: { options: [{ id: "yearly" }] } },
      "invalid_request_error",
      `{"digest_schedule.options[0].id":"must be one of ['daily' 'weekly']"}`,
    ],
  ])("is refused for tenant %s and category %s with %j", async (tenant_id, slug, change, code, message) => {
    await expect(edit(slug, change, tenant_id)).rejects.toMatchObject({ code, message });
  });

  it("loses nothing to an edit at the same time", async () => {
    await overlap(
      db,
      (tx) => preferences.setTenantCategory(tx, workspace_id, "acme", "news", { preference: "opt_out" }),
      (tx) => preferences.setTenantCategory(tx, workspace_id, "acme", "news", { opt_in_channels: ["sms"] }),
    );
    expect((await preferences.findPolicy(workspace_id, "acme", "news"))?.tenant_category).toMatchObject({
      preference: "opt_out",
      opt_in_channels: ["sms"],
    });
  });

  it("goes with the tenant, and so does what recipients chose there", async () => {
    const ann = await bench.addUser("ann");
    await edit("news", { preference: "opt_out" });
    await bench.choose([ann], "news", { preference: "opt_out" }, "acme");
    await bench.choose([ann], "news", { preference: "opt_out" });
    await bench.restrict([ann], { sms: true }, "acme");
    expect((await preferences.findPolicy(workspace_id, "acme", "news"))?.tenant_category).not.toBeNull();

    await bench.inTx(async (tx) => {
      await tx.query("delete from tenant where workspace_id = $1 and tenant_id = 'acme'", [workspace_id]);
      await deleteTenantPreferences({ db: tx, catalog: harness.services.catalog, workspace_id }, "acme");
    });
    await bench.addTenant("acme");

    expect(await bench.find(ann, "news", "acme")).toEqual(NO_CHOICE);
    expect((await bench.find(ann)).category?.preference).toBe("opt_out");
    expect((await preferences.findPolicy(workspace_id, "acme", "news"))?.tenant_category).toBeNull();
  });
});
