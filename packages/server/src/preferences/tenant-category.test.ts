import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { overlap } from "../../test/overlap.ts";
import { category, type PreferenceBench } from "../../test/preferences/desk.ts";
import { NO_CHOICE } from "../core/preferences/preferences.ts";
import type { Preferences } from "./preferences.ts";
import { deleteTenantPreferences } from "./tenant-category.ts";

type Change = Parameters<Preferences["setTenantCategory"]>[4];

describe("a tenant's settings for a category", () => {
  const edit = (desk: PreferenceBench, slug: string, change: Change, tenant_id = "acme") =>
    desk.inTx((tx) => desk.preferences.setTenantCategory(tx, desk.workspace_id, tenant_id, slug, change));

  it.beforeEach(async ({ desk }) => {
    await desk.addTenant("acme");
    await desk.publish(
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

  it("changes what is said, leaves what is not, and is found with the category", async ({ desk }) => {
    await edit(desk, "news", {
      preference: "opt_out",
      blocked_channels: ["sms"],
      visible_to_subscriber: false,
    });
    await edit(desk, "news", {
      opt_in_channels: [],
      blocked_channels: null,
      visible_to_subscriber: null,
    });

    expect(
      (await desk.preferences.findPolicy(desk.workspace_id, "acme", "news"))?.tenant_category,
    ).toMatchObject({
      enabled_for_tenant: true,
      visible_to_subscriber: true,
      blocked_channels: null,
      preference: "opt_out",
      mandatory_channels: null,
      opt_in_channels: [],
    });
    expect(
      (await desk.preferences.findPolicy(desk.workspace_id, "default", "news"))?.tenant_category,
    ).toBeNull();
  });

  it("adds up, digest options by id and properties by key", async ({ desk }) => {
    await edit(desk, "news", {
      digest_schedule: { options: [{ id: "daily", time: { default_value: "07:00" }, is_default: true }] },
      properties: [
        { key: "limit", value: 5 },
        { key: "region", value: "us" },
      ],
    });
    const row = await edit(desk, "news", {
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
    expect(await edit(desk, "news", { digest_schedule: null, properties: null })).toMatchObject({
      digest_schedule: null,
      properties: null,
    });
  });

  it.for<[string, string, Change, string, string]>([
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
  ])(
    "is refused for tenant %s and category %s with %j",
    async ([tenant_id, slug, change, code, message], { desk }) => {
      await expect(edit(desk, slug, change, tenant_id)).rejects.toMatchObject({ code, message });
    },
  );

  it("loses nothing to an edit at the same time", async ({ desk }) => {
    await overlap(
      desk.db,
      (tx) =>
        desk.preferences.setTenantCategory(tx, desk.workspace_id, "acme", "news", {
          preference: "opt_out",
        }),
      (tx) =>
        desk.preferences.setTenantCategory(tx, desk.workspace_id, "acme", "news", {
          opt_in_channels: ["sms"],
        }),
    );
    expect(
      (await desk.preferences.findPolicy(desk.workspace_id, "acme", "news"))?.tenant_category,
    ).toMatchObject({
      preference: "opt_out",
      opt_in_channels: ["sms"],
    });
  });

  it("goes with the tenant, and so does what recipients chose there", async ({ desk, harness }) => {
    const ann = await desk.addUser("ann");
    await edit(desk, "news", { preference: "opt_out" });
    await desk.choose([ann], "news", { preference: "opt_out" }, "acme");
    await desk.choose([ann], "news", { preference: "opt_out" });
    await desk.restrict([ann], { sms: true }, "acme");
    expect(
      (await desk.preferences.findPolicy(desk.workspace_id, "acme", "news"))?.tenant_category,
    ).not.toBeNull();

    await desk.inTx(async (tx) => {
      await tx.query("delete from tenant where workspace_id = $1 and tenant_id = 'acme'", [
        desk.workspace_id,
      ]);
      await deleteTenantPreferences(
        { db: tx, catalog: harness.services.catalog, workspace_id: desk.workspace_id },
        "acme",
      );
    });
    await desk.addTenant("acme");

    expect(await desk.find(ann, "news", "acme")).toEqual(NO_CHOICE);
    expect((await desk.find(ann)).category?.preference).toBe("opt_out");
    expect(
      (await desk.preferences.findPolicy(desk.workspace_id, "acme", "news"))?.tenant_category,
    ).toBeNull();
  });
});
