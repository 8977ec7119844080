import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { createHub } from "../../test/hub.ts";
import { overlap } from "../../test/overlap.ts";
import { category, promotional } from "../../test/preferences/desk.ts";
import { createCatalog } from "../catalog/catalog.ts";
import { readCategories } from "./category-draft.ts";
import { loadLiveCategories } from "../catalog/live-categories.ts";
import { createPreferences } from "./preferences.ts";

describe("the categories of a workspace", () => {
  it("are the roots where none was published", async ({ desk }) => {
    expect([...(await loadLiveCategories(desk.db, desk.workspace_id)).keys()]).toEqual([
      "system",
      "transactional",
      "promotional",
    ]);
    expect(await desk.preferences.findCategory(desk.workspace_id, "system")).toMatchObject({
      slug: "system",
      root_category: "system",
      is_root: true,
      defaults: { preference: "cant_unsubscribe", mandatory_channels: null },
    });
    expect(await desk.preferences.findCategory(desk.workspace_id, "constructor")).toBeNull();
    expect(await readCategories(desk.db, desk.workspace_id, "live")).toMatchObject({
      version_no: 0,
      status: "active",
      validation_result: { is_valid: true, errors: [] },
    });
  });

  it("exist once their document is committed, not while it is a draft", async ({ desk }) => {
    const draft = await desk.save(promotional(category("news")));
    expect(draft).toMatchObject({ version_no: 1, status: "draft", committed_at: null, commit_message: null });
    expect(await desk.preferences.findCategory(desk.workspace_id, "news")).toBeNull();

    const live = await desk.inTx((tx) => desk.preferences.commitCategories(tx, desk.workspace_id, "first"));

    expect(live).toMatchObject({ version_no: 1, status: "active", commit_message: "first" });
    expect(live.committed_at).toBeInstanceOf(Date);
    expect(await desk.preferences.findCategory(desk.workspace_id, "news")).toMatchObject({
      slug: "news",
      root_category: "promotional",
      section: "Product",
      is_root: false,
    });
  });

  it("come back from the database as the document says them", async ({ desk }) => {
    const full = category("news", {
      name: "Neuigkeiten 📰",
      description: null,
      default_preference: "cant_unsubscribe",
      default_mandatory_channels: ["email"],
      default_opt_in_channels: [],
      tags: ["b", "a"],
      digest_schedule: { options: [{ label: "Daily", frequency: "daily", is_default: true }] },
      properties: [{ key: "limit", label: "Limit", value_type: "integer", default_value: 3 }],
    });
    await desk.publish(full, category("plain"));

    expect(await desk.preferences.findCategory(desk.workspace_id, "news")).toEqual({
      slug: "news",
      root_category: "promotional",
      is_root: false,
      section: "Product",
      name: "Neuigkeiten 📰",
      description: null,
      tags: ["b", "a"],
      effective_tags: ["a", "b"],
      defaults: { preference: "cant_unsubscribe", mandatory_channels: ["email"], opt_in_channels: [] },
      digest_schedule: {
        enabled: true,
        options: [{ id: "daily", label: "Daily", frequency: "daily", interval: 1, is_default: true }],
      },
      properties: [
        {
          key: "limit",
          label: "Limit",
          value_type: "integer",
          is_optional: false,
          default_value: 3,
          edit_policy: "editable",
        },
      ],
    });
    expect(await desk.preferences.findCategory(desk.workspace_id, "plain")).toMatchObject({
      tags: null,
      effective_tags: [],
      defaults: { mandatory_channels: null, opt_in_channels: null },
      digest_schedule: null,
      properties: null,
    });
  });

  it("are replaced as a whole, and the versions count up", async ({ desk }) => {
    await desk.publish(category("news"), category("offers"));
    await desk.save(promotional(category("news"), category("events")));
    const again = await desk.save(promotional(category("events")));
    expect(again).toMatchObject({ version_no: 2, status: "draft" });

    const live = await desk.publish(category("events", { name: "Events" }));

    expect(live).toMatchObject({ version_no: 2, status: "active" });
    expect([...(await loadLiveCategories(desk.db, desk.workspace_id)).keys()].slice(3)).toEqual(["events"]);
    const statuses = await desk.db.query(
      "select version_no, status from category_doc where workspace_id = $1 order by version_no",
      [desk.workspace_id],
    );
    expect(statuses).toEqual([
      { version_no: 1, status: "retired" },
      { version_no: 2, status: "active" },
    ]);
  });

  it("have no draft when what is saved is what is in effect", async ({ desk }) => {
    await desk.publish(category("news"));
    await desk.save(promotional(category("offers")));
    expect(await desk.save(promotional(category("news")))).toMatchObject({
      version_no: 1,
      status: "active",
    });
    await expect(
      desk.inTx((tx) => desk.preferences.commitCategories(tx, desk.workspace_id, null)),
    ).rejects.toMatchObject({
      code: "commit_refused",
      message: "no uncommitted changes found",
    });
  });

  it("stay as they are when a commit would take one from a live workflow", async ({ desk }) => {
    await desk.publish(category("news"), category("offers"));
    await desk.hub.addWorkflow("digest", { category: "news" });

    const kept = await desk.publish(category("offers"));

    expect(kept.status).toBe("draft");
    expect(kept.validation_result.errors).toEqual([
      expect.stringContaining('missing subcategories: ["news"]'),
    ]);
    await expect(
      desk.inTx((tx) => desk.preferences.commitCategories(tx, desk.workspace_id, null)),
    ).rejects.toMatchObject({
      code: "commit_refused",
    });
    expect(await desk.preferences.findCategory(desk.workspace_id, "news")).not.toBeNull();
  });

  it("of one workspace are not those of another", async ({ desk, harness }) => {
    await desk.publish(category("news"));
    const { workspace } = await createHub(harness);
    expect(await desk.preferences.findCategory(workspace.workspace_id, "news")).toBeNull();
  });

  it("saved by two at once make one draft after the other", async ({ desk }) => {
    await overlap(
      desk.db,
      (tx) =>
        desk.preferences.saveCategories(tx, desk.workspace_id, promotional(category("a")), { message: null }),
      (tx) =>
        desk.preferences.saveCategories(tx, desk.workspace_id, promotional(category("b")), { message: null }),
    );
    expect(await readCategories(desk.db, desk.workspace_id, "live")).toMatchObject({
      version_no: 2,
      status: "active",
    });
    expect([...(await loadLiveCategories(desk.db, desk.workspace_id)).keys()].slice(3)).toEqual(["b"]);
  });

  it("are known to another process soon after they changed", async ({ desk, harness }) => {
    const { ids } = harness.services;
    const catalog = createCatalog({ db: desk.db, ids, compile: () => expect.unreachable() });
    const other = createPreferences({ db: desk.db, catalog });
    const listening = await catalog.start();
    try {
      expect(await other.findCategory(desk.workspace_id, "news")).toBeNull();
      expect((await other.findPolicy(desk.workspace_id, "default", "system"))?.tenant_category).toBeNull();
      await desk.publish(category("news"));
      await until(() => other.findCategory(desk.workspace_id, "news"));
      expect((await other.findPolicy(desk.workspace_id, "default", "news"))?.tenant_category).toBeNull();
      await desk.inTx((tx) =>
        desk.preferences.setTenantCategory(tx, desk.workspace_id, "default", "news", {
          enabled_for_tenant: false,
        }),
      );
      const policy = await until(async () => {
        const seen = await other.findPolicy(desk.workspace_id, "default", "news");
        return seen?.tenant_category === null ? null : seen;
      });
      expect(policy?.tenant_category?.enabled_for_tenant).toBe(false);
    } finally {
      await listening.stop();
    }
  });
});
