import { describe, expect } from "vitest";
import { statusIs } from "../conditions.ts";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { applyReceipts } from "../../src/delivery/receipts.ts";
import { createPreferences } from "../../src/preferences/preferences.ts";
import { until } from "../harness.ts";
import { promotional } from "../preferences/desk.ts";
import {
  branches,
  complaints,
  delay,
  type MessageView,
  node,
  person,
  refs,
  sms,
  stepsAt,
  TEXT,
  type World,
} from "./world.ts";

/* Delivery nodes: which channels are used, when, and what happens to the messages. */

it.beforeEach(async ({ world }) => {
  const email = { subject: "Hello", body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } } };
  const card = { header: "Hello", body: "Hello" };
  await world.template("text", TEXT);
  await world.template("wide", { ...TEXT, email, inbox: card, androidpush: card });
});

const everywhere = person("ann", {
  $email: "ann@example.com",
  $androidpush: { token: "token-ann", provider: "fcm" },
});

/** For one recipient with one address per channel. */
const byChannel = async (world: World) =>
  new Map((await world.messages()).map((message) => [message.channel, message]));

async function statuses(world: World): Promise<Record<string, string>> {
  return Object.fromEntries((await world.messages()).map(({ channel, status }) => [channel, status]));
}

describe("smart routing", () => {
  it("16.23 with an hour to live goes out at 0, 30 and 60 minutes beside the inbox; seeing the inbox cancels what is left", async ({
    world,
    harness,
  }) => {
    const smart = node("send_smart_channel_routing", "smart", {
      template: "wide",
      ttl_value: "1h",
      success: "seen",
    });
    await world.workflow("urgent", [smart]);
    await world.trigger("urgent", [everywhere]);
    const planned = await world.messages();
    const turns = planned.map(({ channel, wait_time_in_seconds: seconds }) => [channel, seconds] as const);
    expect(Object.fromEntries(turns)).toEqual({ inbox: 0, androidpush: 0, email: 1800, sms: 3600 });
    // The run does not wait for it.
    expect((await world.executions())[0]?.status).toBe("completed");

    const begun = { inbox: "delivered", androidpush: "sent_by_vendor" };
    expect(await statuses(world)).toEqual({ ...begun, email: "to_be_triggered", sms: "to_be_triggered" });
    await world.pass("29m");
    expect(await statuses(world)).toEqual({ ...begun, email: "to_be_triggered", sms: "to_be_triggered" });
    await world.pass("1m");
    expect(await statuses(world)).toEqual({ ...begun, email: "sent_by_vendor", sms: "to_be_triggered" });

    // The report of the inbox's client when its feed is opened.
    const message_id = planned.find(({ channel }) => channel === "inbox")?.message_id ?? "";
    const { workspace_id } = world;
    await harness.services.db.tx((tx) =>
      applyReceipts(tx, [{ workspace_id, message_id, status: "seen", reason: null }]),
    );
    await world.pass("1d");
    expect(await statuses(world)).toEqual({
      ...begun,
      inbox: "seen",
      email: "sent_by_vendor",
      sms: "not_to_be_triggered",
    });
  });

  it("16.23 without success sends the last when the hour is over", async ({ world }) => {
    const smart = node("send_smart_channel_routing", "smart", { template: "wide", ttl_value: "1h" });
    await world.workflow("urgent", [smart]);
    await world.trigger("urgent", [everywhere]);
    await world.pass("59m");
    expect(await statuses(world)).toMatchObject({ email: "sent_by_vendor", sms: "to_be_triggered" });
    await world.pass("1m");
    expect(await statuses(world)).toMatchObject({ email: "sent_by_vendor", sms: "sent_by_vendor" });
  });
});

describe("preferences", () => {
  it("16.24 a recipient who opted out of all channels gets nothing and a warning says so; later nodes run, and the run is a partial failure", async ({
    world,
    harness,
  }) => {
    const { db, catalog, recipients } = harness.services;
    const { workspace_id } = world;
    const preferences = createPreferences({ db, catalog });
    const news = promotional({ category: "news", name: "News", default_preference: "opt_in" });
    await db.tx((tx) => preferences.saveCategories(tx, workspace_id, news, { message: "test" }));
    await world.call("POST", "/v1/user/ann/", everywhere);
    const loaded = await recipients.load(db, workspace_id, [{ object_type: "", distinct_id: "ann" }]);
    const recipient_ids = [...loaded.values()].map(({ id }) => id);
    const who = { recipient_ids, tenant_id: "default" };
    await db.tx((tx) =>
      preferences.setCategoryPreference(tx, workspace_id, who, "news", { preference: "opt_out" }),
    );

    const multi = node("send_multi_channel", "m", { template: "wide" });
    const keep = node("userupdate", "u", { user_selection: "recipient", properties: '{ reached: "yes" }' });
    await world.workflow("letter", [multi, keep], { category: "news" });
    await world.trigger("letter", ["ann"]);
    expect(await world.messages()).toEqual([]);
    const [run] = await world.executions();
    expect(run?.status).toBe("partial_failure");
    const warnings = stepsAt(run, "m").filter(({ status }) => status === "warning");
    expect(warnings).toMatchObject([{ execution_stage: "preference_evaluated" }]);
    expect(complaints(run)).toHaveLength(1);
    const { json } = await world.call("GET", "/v1/user/ann/");
    expect(json).toMatchObject({ properties: { reached: "yes" } });

    await db.tx((tx) =>
      preferences.setCategoryPreference(tx, workspace_id, who, "news", { preference: "opt_in" }),
    );
    await world.trigger("letter", ["ann"]);
    expect((await byChannel(world)).size).toBe(4);
  });
});

describe("branches on messages", () => {
  const is = (status: string) => statusIs("m", `$message.${status}`);
  const follow = [
    node("send_multi_channel", "m", { template: "wide", channels: ["email", "sms"] }),
    delay("d", "1h"),
    branches("b", [
      { when: [is("delivery_failed")], nodes: [sms("failed")] },
      { when: [is("seen")], nodes: [sms("seen")] },
      { nodes: [sms("neither")] },
    ]),
  ];

  /** The reports that addresses cause in their simulators, in real time; then an hour passes. */
  const people: [name: string, JsonObject, expected: string][] = [
    ["one-seen", { $email: "seen+a@example.com", $sms: "+14155550100" }, "seen"],
    ["none-seen", { $email: "a@example.com", $sms: "+14155550100" }, "neither"],
    ["one-failed", { $email: "undelivered+a@example.com", $sms: "+14155550101" }, "neither"],
    ["one-failed-one-seen", { $email: "seen+b@example.com", $sms: "+14155550007" }, "seen"],
    ["all-failed", { $email: "undelivered+b@example.com", $sms: "+14155560007" }, "failed"],
  ];

  it("16.25 seen on one channel is seen; delivery has failed only when it failed on all", async ({
    world,
  }) => {
    await world.workflow("follow", follow);
    await world.trigger(
      "follow",
      people.map(([distinct_id, channels]) => ({ distinct_id, ...channels })),
    );
    const reported = ({ channel_identity, status }: MessageView) => {
      const to = channel_identity.email ?? channel_identity.sms ?? "";
      if (to.startsWith("seen+")) return status === "seen";
      if (to.startsWith("undelivered+") || to.endsWith("0007")) return status === "delivery_failure";
      return status === "sent_by_vendor";
    };
    const messages = await until(async () => {
      const all = await world.messages();
      return all.every(reported) ? all : null;
    });
    expect(messages).toHaveLength(people.length * 2);
    await world.pass("1h");
    const ways = (await world.messages()).slice(messages.length);
    const taken = ways.map(({ recipient, workflow }) => [recipient.distinct_id, workflow.node_ref]);
    expect(Object.fromEntries(taken)).toEqual(Object.fromEntries(people.map(([name, , way]) => [name, way])));
  });
});

describe("test mode", () => {
  async function setTestMode(world: World, test_mode: JsonObject): Promise<void> {
    await world.services.db.query("update workspace set config = $2 where workspace_id = $1", [
      world.workspace_id,
      JSON.stringify({ test_mode }),
    ]);
    world.services.workspaces.forget();
  }

  const multi = node("send_multi_channel", "m", { template: "wide" });

  it("16.33 in test mode a value that is not a test value, on a channel without a catch-all, is blocked and the run is as always", async ({
    world,
  }) => {
    await setTestMode(world, {
      enabled_at: "2026-07-01T00:00:00Z",
      channels: ["email", "sms"],
      test_values: ["qa@example.com"],
    });
    await world.workflow("try", [multi, delay("d", "1h"), sms("after")]);
    await world.trigger("try", [everywhere, person("qa", { $email: "QA@example.com" })]);
    const seen = (await world.messages()).map(({ recipient, channel, status }) => [
      `${recipient.distinct_id} ${channel}`,
      status,
    ]);
    expect(Object.fromEntries(seen)).toEqual({
      "ann email": "trigger_blocked",
      "ann sms": "trigger_blocked",
      "ann inbox": "delivered",
      "ann androidpush": "sent_by_vendor",
      "qa email": "sent_by_vendor",
      "qa sms": "trigger_blocked",
      "qa inbox": "delivered",
    });
    await world.pass("1h");
    expect(refs(await world.messages()).filter((ref) => ref === "after")).toHaveLength(2);
    const runs = await world.executions();
    expect(runs.map(({ status }) => status)).toEqual(["completed", "completed"]);
    const blocked = (await world.messages()).filter(({ status }) => status === "trigger_blocked");
    for (const { failure_reason } of blocked) {
      expect(failure_reason).toMatch(
        /^test mode: '.+' is no test value of (email|sms), which has no catch-all$/,
      );
    }
  });

  it("16.33 in test mode with a catch-all the channel's messages go there instead", async ({ world }) => {
    await setTestMode(world, {
      enabled_at: "2026-07-01T00:00:00Z",
      catch_all: { email: "all@example.com" },
      test_values: ["+14155550100"],
    });
    await world.workflow("try", [multi]);
    await world.trigger("try", [everywhere]);
    const sent = await byChannel(world);
    expect(sent.get("email")).toMatchObject({
      status: "sent_by_vendor",
      channel_identity: { email: "all@example.com" },
    });
    expect(sent.get("sms")).toMatchObject({
      status: "sent_by_vendor",
      channel_identity: { sms: "+14155550100" },
    });
    expect(sent.get("androidpush")?.status).toBe("trigger_blocked");
    const [run] = await world.executions();
    expect(stepsAt(run, "m").map(({ message }) => message)).toContain(
      "email: redirected to 'all@example.com' (original 'ann@example.com')",
    );
  });

  it("16.33 in test mode the steps of a smart routing that are blocked are never sent", async ({ world }) => {
    await setTestMode(world, { enabled_at: "2026-07-01T00:00:00Z", test_values: ["+14155550100"] });
    await world.workflow("urgent", [
      node("send_smart_channel_routing", "smart", { template: "wide", ttl_value: "1h" }),
    ]);
    await world.trigger("urgent", [everywhere]);
    await world.pass("1d");
    expect(await statuses(world)).toEqual({
      inbox: "delivered",
      androidpush: "trigger_blocked",
      email: "trigger_blocked",
      sms: "sent_by_vendor",
    });
  });
});

describe("the inbox", () => {
  it("is also an object's own, and is another one than that of a user of the same id", async ({ world }) => {
    await world.workflow("note", [node("send_inbox", "inbox", { template: "wide" })]);
    await world.trigger("note", ["devs", { object_type: "teams", id: "devs" }]);
    const messages = await world.messages();
    expect(messages.map(({ status, recipient }) => [status, recipient.object_type, recipient.id])).toEqual([
      ["delivered", null, null],
      ["delivered", "teams", "devs"],
    ]);
    const addresses = messages.map(({ channel_identity }) => channel_identity.inbox);
    const shown = (await world.call("GET", "/v1/object/teams/devs/")).json;
    expect(shown).toMatchObject({ $inbox: [{ value: addresses[1] }] });
    expect(new Set(addresses).size).toBe(2);
  });
});
