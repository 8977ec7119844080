import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { overlap } from "../../test/overlap.ts";
import { category, type PreferenceBench } from "../../test/preferences/desk.ts";
import { NO_CHOICE } from "../core/preferences/preferences.ts";
import type { CategoryPreferenceEdit } from "./recipient-preferences.ts";

describe("a recipient's choice", () => {
  it.beforeEach(({ desk }) =>
    desk.publish(
      category("news", {
        digest_schedule: {
          options: [
            { label: "Daily", frequency: "daily", is_default: true, time: { default_value: "09:00" } },
          ],
        },
        properties: [{ key: "limit", label: "Limit", value_type: "integer", default_value: 3 }],
      }),
      category("alerts", { default_preference: "cant_unsubscribe", default_mandatory_channels: ["email"] }),
    ),
  );

  it("is loaded for each concern in its tenant and category, and nothing else", async ({ desk }) => {
    await desk.addTenant("acme");
    const [ann = "", bob = "", cyd = ""] = await desk.addRecipients(["ann", "bob", "cyd"]);
    const [team = ""] = await desk.addRecipients(["ann"], "team");
    await desk.choose([ann], "news", { preference: "opt_in", opt_out_channels: ["sms"] });
    await desk.choose([bob], "news", { preference: "opt_out" }, "acme");
    await desk.choose([team], "alerts", { preference: "opt_in", opt_in_channels: ["slack"] });
    await desk.restrict([ann, team], { email: true, sms: true });
    const concern = (recipient_id: string | null, tenant_id: string, category: string) => ({
      recipient_id,
      tenant_id,
      category,
    });
    const concerns = [
      concern(ann, "default", "news"),
      concern(ann, "default", "news"),
      concern(ann, "acme", "news"),
      concern(bob, "default", "news"),
      concern(bob, "acme", "news"),
      concern(cyd, "default", "news"),
      concern(team, "default", "alerts"),
      concern(team, "default", "news"),
      concern(null, "default", "news"),
      concern(ann, "default", "promotional"),
      concern(ann, "default", "system"),
      concern("", "default", "__proto__"),
    ];

    const lookUp = await desk.preferences.load(desk.db, desk.workspace_id, concerns);

    const both = ["email", "sms"];
    const shown = concerns.map(lookUp).map(({ category, restricted_channels }) => ({
      category: category && [category.preference, category.opt_out_channels, category.opt_in_channels],
      restricted: restricted_channels.toSorted(),
    }));
    expect(shown).toEqual([
      { category: ["opt_in", ["sms"], null], restricted: both },
      { category: ["opt_in", ["sms"], null], restricted: both },
      { category: null, restricted: [] },
      { category: null, restricted: [] },
      { category: ["opt_out", null, null], restricted: [] },
      { category: null, restricted: [] },
      { category: ["opt_in", null, ["slack"]], restricted: both },
      { category: null, restricted: both },
      { category: null, restricted: [] },
      { category: null, restricted: both },
      // None of Ann's choices concerns it. Her choices for other categories may be known.
      { category: null, restricted: both },
      { category: null, restricted: [] },
    ]);
  });

  it("costs one statement per table, and none if no choice can matter", async ({ desk }) => {
    const ids = await desk.addRecipients(["ann", "bob", "cyd"]);
    const statements: string[] = [];
    const counted = {
      kysely: desk.db.kysely,
      query: <Row extends object>(text: string, values?: readonly unknown[], name?: string) => {
        statements.push(/pref_\w+/.exec(text)?.[0] ?? text);
        return desk.db.query<Row>(text, values, name);
      },
    };
    const about = (category: string) =>
      ids.map((recipient_id) => ({ recipient_id, tenant_id: "default", category }));

    await desk.preferences.load(counted, desk.workspace_id, [...about("news"), ...about("alerts")]);
    expect(statements.splice(0)).toEqual(["pref_category", "pref_channel"]);
    await desk.preferences.load(counted, desk.workspace_id, about("promotional"));
    expect(statements.splice(0)).toEqual(["pref_channel"]);
    await desk.preferences.load(counted, desk.workspace_id, about("system"));
    await desk.preferences.load(counted, desk.workspace_id, []);
    await desk.preferences.load(counted, desk.workspace_id, [
      { recipient_id: null, tenant_id: "default", category: "news" },
    ]);
    expect(statements).toEqual([]);
  });

  it("is kept where an edit does not speak of it, and cleared where it says null", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    await desk.choose([ann], "news", {
      preference: "opt_in",
      opt_out_channels: ["sms"],
      opt_in_channels: ["slack"],
      digest_schedule: { id: "daily", time: "18:30" },
      properties: [{ key: "limit", value: 9 }],
    });
    const [full] = await stored(desk, ann);
    await desk.choose([ann], "news", { preference: "opt_out" });
    expect(await stored(desk, ann)).toEqual([{ ...full, preference: "opt_out" }]);

    await desk.choose([ann], "news", {
      preference: "opt_in",
      opt_out_channels: null,
      opt_in_channels: null,
      digest_schedule: null,
      properties: null,
    });
    expect(await stored(desk, ann)).toEqual([
      {
        preference: "opt_in",
        opt_out_channels: null,
        opt_in_channels: null,
        digest_schedule: null,
        properties: null,
      },
    ]);
    expect(full).toEqual({
      preference: "opt_in",
      opt_out_channels: ["sms"],
      opt_in_channels: ["slack"],
      digest_schedule: { id: "daily", time: "18:30" },
      properties: { limit: 9 },
    });
  });

  it("is not changed for channels that the recipient cannot change now", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    await desk.choose([ann], "news", { preference: "opt_in", opt_out_channels: ["inbox"] });
    await desk.restrict([ann], { sms: true, inbox: true });
    // The body of a client that shows both restricted channels as off.
    await desk.choose([ann], "news", {
      preference: "opt_in",
      opt_out_channels: ["sms", "inbox", "slack"],
    });
    expect((await desk.find(ann)).category?.opt_out_channels?.toSorted()).toEqual(["inbox", "slack"]);

    await desk.choose([ann], "alerts", {
      preference: "opt_in",
      opt_out_channels: ["email", "slack"],
    });
    expect((await desk.find(ann, "alerts")).category?.opt_out_channels).toEqual(["slack"]);
  });

  it("is stored for many at once, without unknown ones", async ({ desk }) => {
    const names = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    const ids = await desk.addRecipients(names);
    const there = await desk.choose([...ids, "nobody"].reverse(), "news", {
      preference: "opt_out",
    });
    expect(there.toSorted()).toEqual(ids.toSorted());
    expect((await desk.restrict([...ids, "nobody"], { email: true })).length).toBe(100);
    for (const id of [ids[0] ?? "", ids[99] ?? ""]) {
      expect(await desk.find(id)).toMatchObject({
        category: { preference: "opt_out" },
        restricted_channels: ["email"],
      });
    }
    expect(await desk.choose(["nobody"], "news", { preference: "opt_out" })).toEqual([]);
    expect(await desk.choose([], "news", { preference: "opt_out" })).toEqual([]);
  });

  it("merges global opt-outs by channel, and the last word about one holds", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    await desk.restrict([ann], { email: true, sms: true });
    await desk.restrict([ann], { sms: false, slack: true, inbox: false });
    expect((await desk.find(ann)).restricted_channels).toEqual(["email", "slack"]);
    await desk.inTx((tx) =>
      desk.preferences.setChannelPreference(
        tx,
        desk.workspace_id,
        { recipient_ids: [ann], tenant_id: "default" },
        [
          { channel: "email", is_restricted: false },
          { channel: "slack", is_restricted: false },
          { channel: "email", is_restricted: true },
        ],
      ),
    );
    expect((await desk.find(ann)).restricted_channels).toEqual(["email"]);
  });

  it.for([
    ["gone", { preference: "opt_in" }, "not_found", "category 'gone' not found"],
    ["promotional", { preference: "opt_out" }, "not_found", "category 'promotional' not found"],
    [
      "news",
      { preference: "opt_in", digest_schedule: { id: "daily", weekdays: ["mo"] } },
      "invalid_request_error",
      '{"digest_schedule.weekdays":"not editable"}',
    ],
    [
      "alerts",
      { preference: "opt_in", properties: [{ key: "limit", value: 1 }] },
      "invalid_request_error",
      '{"properties[0].key":"must be one of []"}',
    ],
  ] as const)("is refused for category %s with %j", async ([slug, edit, code, message], { desk }) => {
    const ann = await desk.addUser("ann");
    await expect(desk.choose([ann], slug, edit as unknown as CategoryPreferenceEdit)).rejects.toMatchObject({
      code,
      message,
    });
  });

  it("is refused in a tenant that does not exist", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    const refusal = { code: "not_found", message: "tenant 'nobody' not found" };
    await expect(desk.choose([ann], "news", { preference: "opt_out" }, "nobody")).rejects.toMatchObject(
      refusal,
    );
    await expect(desk.restrict([ann], { sms: true }, "nobody")).rejects.toMatchObject(refusal);
  });

  it("includes both edits when two come at once", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    const who = { recipient_ids: [ann], tenant_id: "default" };
    await overlap(
      desk.db,
      (tx) =>
        desk.preferences.setCategoryPreference(tx, desk.workspace_id, who, "news", {
          preference: "opt_in",
          properties: [{ key: "limit", value: 9 }],
        }),
      (tx) =>
        desk.preferences.setCategoryPreference(tx, desk.workspace_id, who, "news", {
          preference: "opt_out",
        }),
    );
    expect(await stored(desk, ann)).toMatchObject([{ preference: "opt_out", properties: { limit: 9 } }]);
  });

  it("applies again when its category was removed and came back", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    await desk.choose([ann], "news", { preference: "opt_out" });
    await desk.publish(category("other"));
    await desk.publish(category("news"));
    expect((await desk.find(ann)).category?.preference).toBe("opt_out");
  });

  it("goes with the recipient", async ({ desk }) => {
    const ann = await desk.addUser("ann");
    await desk.choose([ann], "news", { preference: "opt_out" });
    await desk.restrict([ann], { sms: true });
    await desk.db.query("delete from recipient where workspace_id = $1 and id = $2", [
      desk.workspace_id,
      ann,
    ]);
    expect(await desk.find(ann)).toEqual(NO_CHOICE);
  });

  function stored(desk: PreferenceBench, recipient_id: string) {
    return desk.db.query(
      `select preference, opt_out_channels, opt_in_channels, digest_schedule, properties from pref_category
        where workspace_id = $1 and recipient_id = $2`,
      [desk.workspace_id, recipient_id],
    );
  }
});
