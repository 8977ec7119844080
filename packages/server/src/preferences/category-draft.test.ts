import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createHub } from "../../test/hub.ts";
import { overlap } from "../../test/overlap.ts";
import {
  category,
  createPreferenceBench,
  type PreferenceBench,
  promotional,
} from "../../test/preferences.ts";
import { createCatalog } from "../catalog/catalog.ts";
import type { Db } from "../db/db.ts";
import { readCategories } from "./category-draft.ts";
import { loadLiveCategories } from "../catalog/live-categories.ts";
import { createPreferences, type Preferences } from "./preferences.ts";

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

describe("the categories of a workspace", () => {
  it("are the roots where none was published", async () => {
    expect([...(await loadLiveCategories(db, workspace_id)).keys()]).toEqual([
      "system",
      "transactional",
      "promotional",
    ]);
    expect(await preferences.findCategory(workspace_id, "system")).toMatchObject({
      slug: "system",
      root_category: "system",
      is_root: true,
      defaults: { preference: "cant_unsubscribe", mandatory_channels: null },
    });
    expect(await preferences.findCategory(workspace_id, "constructor")).toBeNull();
    expect(await readCategories(db, workspace_id, "live")).toMatchObject({
      version_no: 0,
      status: "active",
      validation_result: { is_valid: true, errors: [] },
    });
  });

  it("exist once their document is committed, not while it is a draft", async () => {
    const draft = await bench.save(promotional(category("news")));
    expect(draft).toMatchObject({ version_no: 1, status: "draft", committed_at: null, commit_message: null });
    expect(await preferences.findCategory(workspace_id, "news")).toBeNull();

    const live = await bench.inTx((tx) => preferences.commitCategories(tx, workspace_id, "first"));

    expect(live).toMatchObject({ version_no: 1, status: "active", commit_message: "first" });
    expect(live.committed_at).toBeInstanceOf(Date);
    expect(await preferences.findCategory(workspace_id, "news")).toMatchObject({
      slug: "news",
      root_category: "promotional",
      section: "Product",
      is_root: false,
    });
  });

  it("come back from the database as the document says them", async () => {
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
    await bench.publish(full, category("plain"));

    expect(await preferences.findCategory(workspace_id, "news")).toEqual({
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
    expect(await preferences.findCategory(workspace_id, "plain")).toMatchObject({
      tags: null,
      effective_tags: [],
      defaults: { mandatory_channels: null, opt_in_channels: null },
      digest_schedule: null,
      properties: null,
    });
  });

  it("are replaced as a whole, and the versions count up", async () => {
    await bench.publish(category("news"), category("offers"));
    await bench.save(promotional(category("news"), category("events")));
    const again = await bench.save(promotional(category("events")));
    expect(again).toMatchObject({ version_no: 2, status: "draft" });

    const live = await bench.publish(category("events", { name: "Events" }));

    expect(live).toMatchObject({ version_no: 2, status: "active" });
    expect([...(await loadLiveCategories(db, workspace_id)).keys()].slice(3)).toEqual(["events"]);
    const statuses = await db.query(
      "select version_no, status from category_doc where workspace_id = $1 order by version_no",
      [workspace_id],
    );
    expect(statuses).toEqual([
      { version_no: 1, status: "retired" },
      { version_no: 2, status: "active" },
    ]);
  });

  it("have no draft when what is saved is what is in effect", async () => {
    await bench.publish(category("news"));
    await bench.save(promotional(category("offers")));
    expect(await bench.save(promotional(category("news")))).toMatchObject({
      version_no: 1,
      status: "active",
    });
    await expect(
      bench.inTx((tx) => preferences.commitCategories(tx, workspace_id, null)),
    ).rejects.toMatchObject({
      code: "commit_refused",
      message: "no uncommitted changes found",
    });
  });

  it("stay as they are when a commit would take one from a live workflow", async () => {
    await bench.publish(category("news"), category("offers"));
    await bench.hub.addWorkflow("digest", { category: "news" });

    const kept = await bench.publish(category("offers"));

    expect(kept.status).toBe("draft");
    expect(kept.validation_result.errors).toEqual([
      expect.stringContaining('missing subcategories: ["news"]'),
    ]);
    await expect(
      bench.inTx((tx) => preferences.commitCategories(tx, workspace_id, null)),
    ).rejects.toMatchObject({
      code: "commit_refused",
    });
    expect(await preferences.findCategory(workspace_id, "news")).not.toBeNull();
  });

  it("of one workspace are not those of another", async () => {
    await bench.publish(category("news"));
    const { workspace } = await createHub(harness);
    expect(await preferences.findCategory(workspace.workspace_id, "news")).toBeNull();
  });

  it("saved by two at once make one draft after the other", async () => {
    await overlap(
      db,
      (tx) => preferences.saveCategories(tx, workspace_id, promotional(category("a")), { message: null }),
      (tx) => preferences.saveCategories(tx, workspace_id, promotional(category("b")), { message: null }),
    );
    expect(await readCategories(db, workspace_id, "live")).toMatchObject({
      version_no: 2,
      status: "active",
    });
    expect([...(await loadLiveCategories(db, workspace_id)).keys()].slice(3)).toEqual(["b"]);
  });

  it("are known to another process soon after they changed", async () => {
    const { ids } = harness.services;
    const catalog = createCatalog({ db: db, ids, compile: () => expect.unreachable() });
    const other = createPreferences({ db: db, catalog });
    const listening = await catalog.start();
    try {
      expect(await other.findCategory(workspace_id, "news")).toBeNull();
      expect((await other.findPolicy(workspace_id, "default", "system"))?.tenant_category).toBeNull();
      await bench.publish(category("news"));
      await until(() => other.findCategory(workspace_id, "news"));
      expect((await other.findPolicy(workspace_id, "default", "news"))?.tenant_category).toBeNull();
      await bench.inTx((tx) =>
        preferences.setTenantCategory(tx, workspace_id, "default", "news", { enabled_for_tenant: false }),
      );
      const policy = await until(async () => {
        const seen = await other.findPolicy(workspace_id, "default", "news");
        return seen?.tenant_category === null ? null : seen;
      });
      expect(policy?.tenant_category?.enabled_for_tenant).toBe(false);
    } finally {
      await listening.stop();
    }
  });
});
