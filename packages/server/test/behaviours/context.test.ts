import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import { createPreferences, type Preferences } from "../../src/preferences/preferences.ts";
import type { Harness } from "../harness.ts";
import { promotional } from "../preferences/desk.ts";
import { all, leaf } from "../conditions.ts";
import { branches, delay, node, on, person, refs, sms, TEXT, texts, type World } from "./world.ts";

/* What a run knows besides its payload, and how long that stays valid. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
});

const ask = (ref: string, when: JsonObject) =>
  branches(ref, [{ when: [when], nodes: [sms(`${ref}-yes`)] }, { nodes: [sms(`${ref}-no`)] }]);

describe("what a run writes to a profile", () => {
  const update = (properties: string, user_selection = "recipient") =>
    node("userupdate", "u", { user_selection, properties });
  const isGold = (namespace = "$recipient") => all(leaf("plan", "==", '"gold"', namespace));

  it("is what its later nodes see, although the trigger said something else", async ({ world }) => {
    await world.workflow("upgrade", [
      ask("before", isGold()),
      update("{ plan: 'gold', '$timezone': 'Asia/Tokyo' }"),
      ask("after", isGold()),
      ask("kept", all(leaf("nick", "==", '"A"', "$recipient"))),
      node("digest", "g", {
        schedule_type: "static",
        schedule: { frequency: "daily", time: "09:00", tz_selection: "recipient" },
      }),
      ask("later", isGold()),
    ]);
    await world.trigger("upgrade", [person("ann", { plan: "free", $timezone: "UTC", nick: "A" })]);
    expect(refs(await world.messages())).toEqual(["before-no", "after-yes", "kept-yes"]);
    expect((await world.executions()).at(-1)?.waiting_until).toBe("2026-07-17T00:00:00.000000Z");
    // Also after a sleep: it is stored with the run.
    await world.pass("1d");
    expect(refs(await world.messages()).at(-1)).toBe("later-yes");
  });

  it("can be overwritten by a later write", async ({ world }) => {
    await world.workflow("upgrade", [update("{ plan: 'silver' }"), delay("d", "1h"), ask("after", isGold())]);
    await world.trigger("upgrade", [person("ann", { plan: "free" })]);
    await world.call("POST", "/v1/user/ann/", { plan: "gold" });
    await world.pass("1h");
    expect(refs(await world.messages())).toEqual(["after-yes"]);
  });

  it("does not count where it was refused", async ({ world }) => {
    await world.workflow("zone", [
      update("{ '$timezone': 'Nowhere/Land', plan: 'gold' }"),
      ask("zone", all(leaf("$timezone", "==", '"Asia/Tokyo"', "$recipient"))),
      ask("plan", isGold()),
    ]);
    await world.trigger("zone", [person("ann", { $timezone: "Asia/Tokyo", plan: "free" })]);
    expect(refs(await world.messages())).toEqual(["zone-yes", "plan-yes"]);
  });

  it("is the actor's where it is written to the actor, and both's where both are one", async ({ world }) => {
    const both = [update("{ plan: 'gold' }", "actor"), ask("r", isGold()), ask("a", isGold("$actor"))];
    await world.workflow("actor", both);
    const actor = { distinct_id: "boss", plan: "free" };
    await world.trigger("actor", [person("ann", { plan: "free" })], { actor });
    expect(refs(await world.messages())).toEqual(["r-no", "a-yes"]);
    const ann = person("ann", { plan: "silver" });
    await world.trigger("actor", [ann], { actor: ann });
    expect(refs(await world.messages()).slice(2)).toEqual(["r-yes", "a-yes"]);
  });
});

describe("$batch_key", () => {
  const batch = (ref: string, more: JsonObject = {}) =>
    node("batch", ref, { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h", ...more });

  it.beforeEach(({ world }) =>
    world.template("key", { sms: { type: "basic", body: "[{{$batch_key}}] {{$batched_events_count}}" } }),
  );

  it.for<[string, Json, string]>([
    [".k", "post-1", "post-1"],
    [".k", 7, "7"],
    ["{ a: .k }", ["b"], '{"a":["b"]}'],
    [".missing", "post-1", ""],
  ])("is the value of %s over %j, as text", async ([batch_key, k, expected], { world }) => {
    await world.template("key", { sms: { type: "basic", body: "[{{{$batch_key}}}]" } });
    await world.workflow("gather", [batch("b", { batch_key }), delay("d", "1h"), sms("s", "key")]);
    for (let turn = 0; turn < 2; turn++) await world.trigger("gather", [person("ann")], { data: { k } });
    await world.pass("1h");
    await world.pass("1h");
    expect(texts(await world.messages())).toEqual([`s: [${expected}]`]);
  });

  it("keeps batches apart, is null after a digest and a batch without one, and not in their items", async ({
    world,
  }) => {
    await world.template("item", {
      sms: { type: "basic", body: "[{{$batch_key}}]{{#each $batched_events}}{{keys this}}{{/each}}" },
    });
    const keys = "std.join(',', [std.join(',', std.objectFields(e)) for e in data['$batched_events']])";
    const look = node("transform", "t", { variables: [{ key: "seen", value_lang: "jsonnet", value: keys }] });
    await world.template("seen", { sms: { type: "basic", body: "[{{$batch_key}}] {{seen}}" } });
    const digest = node("digest", "g", {
      schedule_type: "static",
      schedule: { frequency: "daily", time: "09:00" },
    });
    await world.workflow("gather", [
      batch("b", { batch_key: ".k" }),
      sms("first", "key"),
      batch("plain"),
      look,
      sms("second", "seen"),
      digest,
      sms("third", "key"),
    ]);
    for (const k of ["x", "y", "x"]) await world.trigger("gather", [person("ann")], { data: { k } });
    await world.pass("1d");
    const sent = texts(await world.messages());
    expect(sent.slice(0, 2).toSorted()).toEqual(["first: [x] 2", "first: [y] 1"]);
    expect(sent.slice(2)).toEqual(["second: [] k,k,k", "third: [] 3"]);
  });

  it("is there for the one that goes ahead", async ({ world }) => {
    await world.workflow("ahead", [
      batch("b", { mode: "flush_leading_item", batch_key: ".k" }),
      sms("s", "key"),
    ]);
    for (let turn = 0; turn < 3; turn++) await world.trigger("ahead", [person("ann")], { data: { k: "x" } });
    await world.pass("1h");
    expect(texts(await world.messages())).toEqual(["s: [x] 1", "s: [x] 2"]);
  });
});

describe("$category", () => {
  let preferences: Preferences;
  let write: (work: Parameters<Harness["services"]["db"]["tx"]>[0]) => Promise<unknown>;

  it.beforeEach(async ({ world, harness }) => {
    const { db, catalog } = harness.services;
    preferences = createPreferences({ db, catalog });
    write = (work) => db.tx(work);
    const news = {
      category: "news",
      name: "News",
      default_preference: "opt_in",
      properties: [
        { key: "threshold", label: "", value_type: "integer", default_value: 10 },
        { key: "region", label: "", value_type: "string", is_optional: true },
      ],
    };
    await write((tx) =>
      preferences.saveCategories(tx, world.workspace_id, promotional(news), { message: "test" }),
    );
    await world.template("told", {
      sms: {
        type: "basic",
        body: "{{$category.slug}} {{$category.properties.threshold}}[{{$category.properties.region}}]",
      },
    });
  });

  const above = all(leaf("amount", ">", "$category.properties.threshold"));
  const inEurope = all(leaf("properties.region", "==", '"eu"', "$category"));

  it("has the category's defaults, the tenant's values over them, and the recipient's over these", async ({
    world,
  }) => {
    await world.workflow("told", [sms("s", "told"), ask("above", above), ask("eu", inEurope)], {
      category: "news",
    });
    const { workspace_id } = world;
    await world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const trigger = () => world.trigger("told", [person("ann")], { tenant_id: "acme", data: { amount: 20 } });
    await trigger();
    await write((tx) =>
      preferences.setTenantCategory(tx, workspace_id, "acme", "news", {
        properties: [
          { key: "threshold", value: 30 },
          { key: "region", value: "eu" },
        ],
      }),
    );
    await trigger();
    const { recipient_id } = await idOf(world, "ann");
    const who = { recipient_ids: [recipient_id], tenant_id: "acme" };
    await write((tx) =>
      preferences.setCategoryPreference(tx, workspace_id, who, "news", {
        preference: "opt_in",
        properties: [{ key: "threshold", value: 5 }],
      }),
    );
    await trigger();
    const sent = texts(await world.messages()).filter((text) => text.startsWith("s:"));
    expect(sent).toEqual(["s: news 10[]", "s: news 30[eu]", "s: news 5[eu]"]);
    expect(refs(await world.messages()).filter((ref) => ref !== "s")).toEqual([
      "above-yes",
      "eu-no",
      "above-no",
      "eu-yes",
      "above-yes",
      "eu-yes",
    ]);
  });

  it("is known to the conditions of a trigger, and has no properties where there are none", async ({
    world,
  }) => {
    const quiet = {
      category: "news",
      conditions: [all(leaf("properties.threshold", ">", "9", "$category"))],
    };
    await world.workflow("quiet", [sms("s")], quiet);
    await world.workflow("root", [
      ask("none", all(leaf("properties.threshold", "EMPTY", undefined, "$category"))),
    ]);
    await world.trigger("quiet", [person("ann")]);
    await world.trigger("root", [person("ann")]);
    expect(refs(await world.messages())).toEqual(["s", "none-yes"]);
  });

  it("is known to expressions, and to workflows that events trigger", async ({ world }) => {
    const wait = delay("d", '"\\(."$category".properties.threshold)m"', "dynamic");
    await world.workflow("paced", [wait, sms("s")], { ...on("Go"), category: "news" });
    await world.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await world.event("ann", "Go");
    expect((await world.executions()).at(-1)?.waiting_until).toBe("2026-07-16T12:10:00.000000Z");
  });

  async function idOf(world: World, distinct_id: string): Promise<{ recipient_id: string }> {
    const [row] = await world.services.db.query<{ recipient_id: string }>(
      "select id as recipient_id from recipient where workspace_id = $1 and distinct_id = $2",
      [world.workspace_id, distinct_id],
    );
    if (row === undefined) throw new Error(`${distinct_id} is not there`);
    return row;
  }
});
