import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Answer } from "../hub.ts";
import { complaints, delay, node, person, refs, sms, TEXT, texts, type World } from "./world.ts";

/* What people, tenants and workspaces say of notifications, over HTTP, and what is sent after that. */

const CHANNELS = ["email", "inbox", "slack", "sms"];

const ANN = person("ann", {
  $email: "ann@example.com",
  $slack: { incoming_webhook: { url: "https://hooks.slack.com/services/T0/B0/secret" } },
});

async function done(status: number, answer: Promise<Answer>): Promise<unknown> {
  const { status: was, text, json } = await answer;
  if (was !== status) throw new Error(`${was}: ${text}`);
  return json;
}

/** One category, `news`. */
function publish(world: World, stated: JsonObject): Promise<unknown> {
  const categories = [{ category: "news", name: "News", ...stated }];
  const root_categories = [{ root_category: "promotional", sections: [{ name: "Product", categories }] }];
  const path = "v1/preference_category/?commit=true&commit_message=test";
  return done(200, world.manage("POST", path, { root_categories }));
}

const choose = (world: World, body: JsonObject, tenant_id = "default") =>
  done(202, world.call("PATCH", `/v1/user/ann/preference/category/news/?tenant_id=${tenant_id}`, body));

const restrict = (world: World, channels: string[], is_restricted = true) =>
  done(
    202,
    world.call("PATCH", "/v1/user/ann/preference/channel_preference/", {
      channel_preferences: channels.map((channel) => ({ channel, is_restricted })),
    }),
  );

const setTenant = (world: World, body: JsonObject, tenant_id = "default") =>
  done(200, world.call("PATCH", `/v1/tenant/${tenant_id}/preference/category/news/`, body));

it.beforeEach(async ({ world }) => {
  const email = { subject: "Hello", body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } } };
  const inbox = { header: "Hello", body: "Hello" };
  const slack = { body_text: "Hello" };
  await world.template("text", TEXT);
  await world.template("wide", { ...TEXT, email, inbox, slack });
  await done(201, world.call("POST", "/v1/user/ann/", ANN));
});

const letter = (world: World) =>
  world.workflow("letter", [node("send_multi_channel", "m", { template: "wide" })], { category: "news" });

async function reached(world: World): Promise<string[]> {
  return (await world.messages()).map(({ channel }) => channel).toSorted();
}

describe("the acceptance cases: a message goes out", () => {
  const some = { default_preference: "opt_in", default_opt_in_channels: ["email", "inbox"] };
  const must = {
    default_preference: "cant_unsubscribe",
    default_mandatory_channels: ["email"],
    default_opt_in_channels: ["inbox"],
  };
  const on = { default_preference: "opt_in" };
  const off = { default_preference: "opt_out" };

  interface Case {
    category: JsonObject;
    user?: JsonObject;
    restricted?: string[];
    tenant?: JsonObject;
    blocked?: string[];
    more?: JsonObject;
    /** Before the trigger. */
    before?: (world: World) => Promise<unknown>;
    sent: string[];
    /** A line of the log. */
    says?: string;
  }

  it.for<[string, Case]>([
    ["1 on all channels where nobody said anything", { category: on, sent: CHANNELS }],
    ["2 on the channels that are on by default", { category: some, sent: ["email", "inbox"] }],
    [
      "3 on all channels but those listed as off",
      {
        category: some,
        user: { preference: "opt_in", opt_out_channels: ["email"] },
        sent: ["inbox", "slack", "sms"],
      },
    ],
    [
      "4 on the default channels and what was opted in to",
      {
        category: some,
        user: { preference: "opt_in", opt_in_channels: ["slack"] },
        sent: ["email", "inbox", "slack"],
      },
    ],
    [
      "5 on no channel after an opt-out",
      {
        category: on,
        user: { preference: "opt_out" },
        sent: [],
        says: "user not subscribed to category: news",
      },
    ],
    [
      "6 on no channel of a category that is off",
      { category: off, sent: [], says: "user not subscribed to category: news" },
    ],
    [
      "7 on all channels of a category that was off and was turned on",
      { category: off, user: { preference: "opt_in", opt_out_channels: null }, sent: CHANNELS },
    ],
    [
      "8 on no channel that was opted out of globally",
      { category: on, restricted: ["email"], sent: ["inbox", "slack", "sms"] },
    ],
    [
      "9 on a mandatory channel, opted out of globally",
      { category: must, restricted: ["email", "inbox"], sent: ["email"] },
    ],
    [
      "10 on mandatory and default channels and what was opted in to",
      {
        category: must,
        user: { preference: "opt_in", opt_in_channels: ["slack"] },
        sent: ["email", "inbox", "slack"],
      },
    ],
    [
      "11 on a mandatory channel after an opt-out",
      { category: must, user: { preference: "opt_out" }, sent: ["email"] },
    ],
    [
      "12 on all channels where all are mandatory",
      {
        category: { default_preference: "cant_unsubscribe" },
        user: { preference: "opt_out" },
        restricted: CHANNELS,
        sent: CHANNELS,
      },
    ],
    [
      "13 on no channel where the tenant turned the category off",
      { category: on, tenant: { preference: "opt_out" }, sent: [] },
    ],
    [
      "13 on all channels where the tenant turned it off and the user on",
      { category: on, user: { preference: "opt_in" }, tenant: { preference: "opt_out" }, sent: CHANNELS },
    ],
    [
      "14 on no channel in a tenant that does not have the category",
      {
        category: on,
        user: { preference: "opt_in" },
        tenant: { enabled_for_tenant: false },
        sent: [],
        says: "NotificationCategory news not applicable to tenant/brand default",
      },
    ],
    [
      "15 on no channel of a category that the tenant hid",
      { category: on, user: { preference: "opt_in" }, tenant: { visible_to_subscriber: false }, sent: [] },
    ],
    [
      "16 on no channel that the tenant blocks in the category, mandatory or not",
      {
        category: { default_preference: "cant_unsubscribe", default_mandatory_channels: ["email"] },
        tenant: { blocked_channels: ["email"] },
        sent: ["inbox", "slack", "sms"],
      },
    ],
    [
      "17 on no channel that the tenant blocks for all categories",
      {
        category: on,
        user: { preference: "opt_in", opt_out_channels: [] },
        blocked: ["sms"],
        sent: ["email", "inbox", "slack"],
      },
    ],
    [
      "18 on no channel whose address is suppressed",
      {
        category: on,
        before: (world) =>
          world.services.db.query(
            "update identity set perma_status = 'disabled' where workspace_id = $1 and channel = 'email'",
            [world.workspace_id],
          ),
        sent: ["inbox", "slack", "sms"],
      },
    ],
    [
      "19 on no channel but those that the trigger names",
      {
        category: on,
        more: { recipients: [{ distinct_id: "ann", $channels: ["email", "whatsapp"] }] },
        sent: ["email"],
      },
    ],
    [
      "20 on all channels in a tenant where the user has not opted out",
      {
        category: on,
        user: { preference: "opt_out" },
        before: (world) => world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" }),
        more: { tenant_id: "acme" },
        sent: CHANNELS,
      },
    ],
  ])("%s", async ([, one], { world }) => {
    await publish(world, one.category);
    await letter(world);
    if (one.user !== undefined) await choose(world, one.user);
    if (one.restricted !== undefined) await restrict(world, one.restricted);
    if (one.tenant !== undefined) await setTenant(world, one.tenant);
    if (one.blocked !== undefined)
      await done(201, world.call("POST", "/v1/tenant/default/", { blocked_channels: one.blocked }));
    await one.before?.(world);
    await world.trigger("letter", ["ann"], one.more);
    expect(await reached(world)).toEqual(one.sent);
    const [run] = await world.executions();
    if (one.says !== undefined) expect(complaints(run)).toContain(one.says);
  });
});

describe("a change of preferences", () => {
  /** What the next letter reaches. */
  async function next(world: World): Promise<string[]> {
    const before = new Set((await world.messages()).map(({ message_id }) => message_id));
    await world.trigger("letter", ["ann"]);
    const all = await world.messages();
    return all.flatMap(({ message_id, channel }) => (before.has(message_id) ? [] : [channel])).toSorted();
  }

  it("is obeyed by the very next send, wherever it was made", async ({ world }) => {
    await publish(world, { default_preference: "opt_in" });
    await letter(world);
    expect(await next(world)).toEqual(CHANNELS);
    await choose(world, { preference: "opt_in", opt_out_channels: ["sms"] });
    expect(await next(world)).toEqual(["email", "inbox", "slack"]);
    await restrict(world, ["email"]);
    expect(await next(world)).toEqual(["inbox", "slack"]);
    await setTenant(world, { blocked_channels: ["slack"] });
    expect(await next(world)).toEqual(["inbox"]);
    await publish(world, {
      default_preference: "cant_unsubscribe",
      default_mandatory_channels: ["email", "slack"],
    });
    expect(await next(world)).toEqual(["email", "inbox"]);
    await setTenant(world, { enabled_for_tenant: false });
    expect(await next(world)).toEqual([]);
    await setTenant(world, { enabled_for_tenant: true, blocked_channels: null });
    await done(202, world.call("PATCH", "/v1/bulk/user/preference/reset/", { distinct_ids: ["ann"] }));
    expect(await next(world)).toEqual(CHANNELS);
  });

  it("is obeyed by a send that waits already", async ({ world }) => {
    await publish(world, { default_preference: "opt_in" });
    const nodes = [sms("first"), delay("d", "1h"), sms("second"), delay("e", "1h"), sms("third")];
    await world.workflow("journey", nodes, { category: "news" });
    await world.trigger("journey", ["ann"]);
    await choose(world, { preference: "opt_out" });
    await world.pass("1h");
    expect(refs(await world.messages())).toEqual(["first"]);
    await choose(world, { preference: "opt_in" });
    await world.pass("1h");
    expect(refs(await world.messages())).toEqual(["first", "third"]);
  });

  it("is obeyed by the later steps of a smart routing", async ({ world }) => {
    await publish(world, { default_preference: "opt_in" });
    const smart = node("send_smart_channel_routing", "smart", { template: "wide", ttl_value: "1h" });
    await world.workflow("urgent", [smart], { category: "news" });
    await world.trigger("urgent", ["ann"]);
    await choose(world, { preference: "opt_in", opt_out_channels: ["sms", "email"] });
    await world.pass("1d");
    const statuses = (await world.messages()).map(({ channel, status }) => [channel, status]);
    expect(Object.fromEntries(statuses)).toMatchObject({
      email: "not_to_be_triggered",
      sms: "not_to_be_triggered",
      inbox: "delivered",
    });
  });

  it("does not touch an object, which has choices of its own", async ({ world }) => {
    await publish(world, { default_preference: "opt_in" });
    await letter(world);
    const team = { object_type: "teams", id: "core", $sms: "+14155550101" };
    await world.trigger("letter", [team]);
    await choose(world, { preference: "opt_out" });
    await world.trigger("letter", [team]);
    expect(await reached(world)).toEqual(["inbox", "inbox", "sms", "sms"]);
    await done(
      202,
      world.call("PATCH", "/v1/object/teams/core/preference/category/news/", { preference: "opt_out" }),
    );
    await world.trigger("letter", [team]);
    expect(await reached(world)).toEqual(["inbox", "inbox", "sms", "sms"]);
  });

  it("of a property is what conditions see", async ({ world }) => {
    await publish(world, {
      default_preference: "opt_in",
      properties: [{ key: "threshold", label: "Threshold", value_type: "integer", default_value: 10 }],
    });
    await world.template("limit", {
      sms: { type: "basic", body: "over {{$category.properties.threshold}}" },
    });
    await world.workflow("limit", [sms("s", "limit")], { category: "news" });
    await world.trigger("limit", ["ann"]);
    await setTenant(world, { properties: [{ key: "threshold", value: "100" }] });
    await world.trigger("limit", ["ann"]);
    await choose(world, { preference: "opt_in", properties: [{ key: "threshold", value: 500 }] });
    await world.trigger("limit", ["ann"]);
    expect(texts(await world.messages())).toEqual(["s: over 10", "s: over 100", "s: over 500"]);
  });
});
