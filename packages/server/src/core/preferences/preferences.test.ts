import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Channel, CHANNELS } from "../channel.ts";
import {
  type CategoryChoice,
  type CategoryPolicy,
  evaluatePreference,
  NO_CHOICE,
  type PreferenceDefaults,
  type PreferenceInput,
  type RefusalReason,
  type TenantCategory,
} from "./preferences.ts";

const ALL: Channel[] = ["email", "sms", "inbox", "slack"];

const defaults = (
  preference: PreferenceDefaults["preference"],
  more: Partial<PreferenceDefaults> = {},
): PreferenceDefaults => ({ preference, mandatory_channels: null, opt_in_channels: null, ...more });

const tenant = (more: Partial<TenantCategory>): TenantCategory => ({
  enabled_for_tenant: true,
  visible_to_subscriber: true,
  blocked_channels: null,
  preference: null,
  mandatory_channels: null,
  opt_in_channels: null,
  ...more,
});

const chose = (
  preference: CategoryChoice["preference"],
  more: Partial<CategoryChoice> = {},
): CategoryChoice => ({ preference, opt_out_channels: null, opt_in_channels: null, ...more });

interface Case {
  defaults?: PreferenceDefaults;
  row?: TenantCategory;
  choice?: CategoryChoice;
  restricted?: Channel[];
  blocked?: Channel[];
  channels?: Channel[];
}

function inputOf({ defaults: stated, row, choice, restricted, blocked, channels }: Case): PreferenceInput {
  const category = {
    slug: "news",
    root_category: "promotional" as const,
    is_root: false,
    defaults: stated ?? defaults("opt_in"),
  };
  return {
    category: "news",
    policy: { category, tenant_category: row ?? null },
    tenant_id: "acme",
    tenant_blocked_channels: blocked ?? null,
    choice: { category: choice ?? null, restricted_channels: restricted ?? [] },
    channels: channels ?? ALL,
  };
}

const evaluate = (one: Case) => evaluatePreference(inputOf(one));

const some = defaults("opt_in", { opt_in_channels: ["email", "inbox"] });
const must = defaults("cant_unsubscribe", { mandatory_channels: ["email"], opt_in_channels: ["inbox"] });

describe("the channels that are allowed", () => {
  it.each<[string, Case, Channel[]]>([
    ["all, where the category is on", {}, ALL],
    ["those on by default", { defaults: some }, ["email", "inbox"]],
    [
      "all that a list of opt-outs leaves, also what was off by default",
      { defaults: some, choice: chose("opt_in", { opt_out_channels: ["email"] }) },
      ["sms", "inbox", "slack"],
    ],
    [
      "the defaults and what was opted in to",
      { defaults: some, choice: chose("opt_in", { opt_in_channels: ["slack"] }) },
      ["email", "inbox", "slack"],
    ],
    ["none after an opt-out", { choice: chose("opt_out") }, []],
    ["none where the category is off", { defaults: defaults("opt_out") }, []],
    [
      "all of a category that is off by default and was turned on",
      { defaults: defaults("opt_out"), choice: chose("opt_in") },
      ALL,
    ],
    [
      "also those of its default list, which is about other defaults",
      { defaults: defaults("opt_out", { opt_in_channels: ["email"] }), choice: chose("opt_in") },
      ALL,
    ],
    ["no channel that is opted out globally", { restricted: ["email"] }, ["sms", "inbox", "slack"]],
    ["the mandatory ones, opted out globally", { defaults: must, restricted: ["email", "inbox"] }, ["email"]],
    [
      "the mandatory ones, the defaults and what was opted in to",
      { defaults: must, choice: chose("opt_in", { opt_in_channels: ["slack"] }) },
      ["email", "inbox", "slack"],
    ],
    ["the mandatory ones after an opt-out", { defaults: must, choice: chose("opt_out") }, ["email"]],
    [
      "the mandatory ones, named among the opt-outs",
      { defaults: must, choice: chose("opt_in", { opt_out_channels: ["email", "sms"] }) },
      ["email", "inbox", "slack"],
    ],
    [
      "all where all are mandatory",
      { defaults: defaults("cant_unsubscribe"), choice: chose("opt_out"), restricted: ALL },
      ALL,
    ],
    [
      "those on by default where none is mandatory",
      { defaults: defaults("cant_unsubscribe", { mandatory_channels: [], opt_in_channels: ["sms"] }) },
      ["sms"],
    ],
    ["none where the tenant has it off", { row: tenant({ preference: "opt_out" }) }, []],
    [
      "all where the tenant has it off and the recipient on",
      { row: tenant({ preference: "opt_out" }), choice: chose("opt_in") },
      ALL,
    ],
    [
      "none in a tenant that has the category disabled",
      { row: tenant({ enabled_for_tenant: false }), choice: chose("opt_in") },
      [],
    ],
    [
      "none of a hidden category, even after an opt-in",
      { row: tenant({ visible_to_subscriber: false }), choice: chose("opt_in") },
      [],
    ],
    [
      "none of a hidden category, mandatory or not",
      { defaults: defaults("cant_unsubscribe"), row: tenant({ visible_to_subscriber: false }) },
      [],
    ],
    [
      "none that the tenant blocks in the category, mandatory or not",
      {
        defaults: defaults("cant_unsubscribe", { mandatory_channels: ["email"] }),
        row: tenant({ blocked_channels: ["email"] }),
      },
      ["sms", "inbox", "slack"],
    ],
    [
      "none that the tenant blocks everywhere, wanted or not",
      { blocked: ["sms"], choice: chose("opt_in", { opt_out_channels: [] }) },
      ["email", "inbox", "slack"],
    ],
    ["none but those asked for", { channels: ["email"] }, ["email"]],
    [
      "the tenant's lists where it states a preference, all where it leaves one out",
      { defaults: some, row: tenant({ preference: "opt_in" }) },
      ALL,
    ],
    [
      "a tenant's list that comes without a preference",
      { defaults: some, row: tenant({ opt_in_channels: ["slack"] }) },
      ["slack"],
    ],
    [
      "a tenant's mandatory list that comes without a preference",
      { defaults: must, row: tenant({ mandatory_channels: ["sms"] }), choice: chose("opt_out") },
      ["sms"],
    ],
  ])("are %s", (_title, one, expected) => {
    expect(evaluate(one).channels).toEqual(expected);
  });

  it("stand in the order asked for, each once", () => {
    expect(evaluate({ channels: ["slack", "email", "slack", "sms"], restricted: ["sms"] }).channels).toEqual([
      "slack",
      "email",
    ]);
  });
});

describe("a root category used directly", () => {
  const root = (slug: "system" | "transactional" | "promotional"): CategoryPolicy => ({
    category: {
      slug,
      root_category: slug,
      is_root: true,
      defaults: defaults(slug === "system" ? "cant_unsubscribe" : "opt_in"),
    },
    tenant_category: tenant({
      enabled_for_tenant: false,
      blocked_channels: ["email"],
      preference: "opt_out",
    }),
  });
  const choice = { category: chose("opt_out"), restricted_channels: ["sms" as const] };

  it.each([
    ["system", ALL],
    ["transactional", ["email", "inbox", "slack"]],
    ["promotional", ["email", "inbox", "slack"]],
  ] as const)("%s knows only global opt-outs, system not even those", (slug, expected) => {
    const input = { ...inputOf({}), category: slug, policy: root(slug), choice };
    expect(evaluatePreference(input).channels).toEqual(expected);
  });

  it("is sent on no channel that the tenant blocks", () => {
    const input = { ...inputOf({ blocked: ["inbox"] }), category: "system", policy: root("system") };
    expect(evaluatePreference(input).channels).toEqual(["email", "sms", "slack"]);
  });
});

describe("the explanation", () => {
  it.each<[string, Case, string, string | null, Partial<Record<Channel, RefusalReason>>]>([
    ["info", { channels: ["email"] }, "allowed by preferences: email", null, {}],
    [
      "info",
      { defaults: some, channels: ["email", "sms"] },
      "allowed by preferences: email",
      null,
      { sms: "channel_off" },
    ],
    [
      "warning",
      {
        channels: ["email", "sms", "slack"],
        restricted: ["sms"],
        choice: chose("opt_in", { opt_out_channels: ["slack"] }),
      },
      "user has unsubscribed from channels [sms, slack] for category: news",
      "user_unsubscribed_channels",
      { sms: "channel_restricted", slack: "channel_opted_out" },
    ],
    [
      "warning",
      {
        channels: ["email", "sms"],
        restricted: ["sms"],
        choice: chose("opt_in", { opt_out_channels: ["email"] }),
      },
      "user has unsubscribed from all-channels for category: news",
      "user_unsubscribed_channels",
      { email: "channel_opted_out", sms: "channel_restricted" },
    ],
    [
      "warning",
      { channels: ["email"], choice: chose("opt_out") },
      "user not subscribed to category: news",
      "user_unsubscribed_category",
      { email: "category_opted_out" },
    ],
    [
      "warning",
      { channels: ["email"], defaults: defaults("opt_out") },
      "user not subscribed to category: news",
      "user_unsubscribed_category",
      { email: "category_off" },
    ],
    [
      "warning",
      {
        channels: ["email", "sms", "slack"],
        blocked: ["email"],
        row: tenant({ blocked_channels: ["sms"] }),
        restricted: ["slack"],
      },
      "no (subscribed-)channels found for user. category: news",
      "no_active_channels",
      { email: "blocked_for_tenant", sms: "blocked_in_category", slack: "channel_restricted" },
    ],
    [
      "warning",
      { channels: ["email"], row: tenant({ enabled_for_tenant: false }) },
      "NotificationCategory news not applicable to tenant/brand acme",
      "category_not_applicable_tenant",
      { email: "category_not_applicable" },
    ],
    [
      "warning",
      { channels: ["email"], row: tenant({ visible_to_subscriber: false }) },
      "NotificationCategory news not visible to subscribers of tenant/brand acme",
      "category_not_applicable_tenant",
      { email: "category_hidden" },
    ],
    [
      "warning",
      { channels: [] },
      "no (subscribed-)channels found for user. category: news",
      "no_active_channels",
      {},
    ],
  ])(
    "is a line of severity %s with the reason for every channel (%#)",
    (severity, one, message, code, refused) => {
      const decision = evaluate(one);
      expect(decision).toMatchObject({ severity, message, code });
      expect(Object.fromEntries(decision.refused)).toEqual(refused);
    },
  );

  it("calls a category that is not published an error", () => {
    const decision = evaluatePreference({
      ...inputOf({ channels: ["email"] }),
      category: "gone",
      policy: null,
    });
    expect(decision).toMatchObject({
      channels: [],
      severity: "error",
      code: "category_not_found",
      message: "category 'gone' not found",
    });
    expect(decision.snapshot).toEqual({
      category: "gone",
      tenant_id: "acme",
      requested: ["email"],
      channels: [],
      refused: { email: "category_not_found" },
    });
  });

  it("shows all that was looked at and what came of it", () => {
    const { snapshot } = evaluate({
      defaults: must,
      row: tenant({ visible_to_subscriber: false, blocked_channels: ["slack"], opt_in_channels: [] }),
      choice: chose("opt_in", { opt_out_channels: [] }),
      restricted: ["inbox"],
      blocked: ["sms"],
      channels: ["email", "sms"],
    });
    expect(snapshot).toEqual({
      category: "news",
      root_category: "promotional",
      category_default: {
        preference: "cant_unsubscribe",
        mandatory_channels: ["email"],
        opt_in_channels: ["inbox"],
      },
      tenant_id: "acme",
      tenant_category: { visible_to_subscriber: false, blocked_channels: ["slack"], opt_in_channels: [] },
      tenant_blocked_channels: ["sms"],
      recipient: { preference: "opt_in", opt_out_channels: [] },
      restricted_channels: ["inbox"],
      requested: ["email", "sms"],
      channels: [],
      refused: { email: "category_hidden", sms: "category_hidden" },
    });
  });

  it("is short without any choice", () => {
    expect(evaluate({ channels: ["email"] }).snapshot).toEqual({
      category: "news",
      root_category: "promotional",
      category_default: { preference: "opt_in" },
      tenant_id: "acme",
      requested: ["email"],
      channels: ["email"],
    });
  });
});

describe("laws", () => {
  const channelList = fc.uniqueArray(fc.constantFrom(...CHANNELS));
  const listOrNull = fc.option(channelList, { nil: null });
  const preference = fc.constantFrom<PreferenceDefaults["preference"]>(
    "opt_in",
    "opt_out",
    "cant_unsubscribe",
  );
  const anyDefaults = fc.record({
    preference,
    mandatory_channels: listOrNull,
    opt_in_channels: listOrNull,
  });
  const anyRow = fc.record({
    enabled_for_tenant: fc.boolean(),
    visible_to_subscriber: fc.boolean(),
    blocked_channels: listOrNull,
    preference: fc.option(preference, { nil: null }),
    mandatory_channels: listOrNull,
    opt_in_channels: listOrNull,
  });
  const anyChoice = fc.record({
    preference: fc.constantFrom<CategoryChoice["preference"]>("opt_in", "opt_out"),
    opt_out_channels: listOrNull,
    opt_in_channels: listOrNull,
  });
  const anyCase: fc.Arbitrary<Case> = fc.record(
    {
      defaults: anyDefaults,
      row: anyRow,
      choice: anyChoice,
      restricted: channelList,
      blocked: channelList,
      channels: channelList,
    },
    { requiredKeys: ["defaults"] },
  );
  const isSubset = (some: readonly Channel[], all: readonly Channel[]) =>
    some.every((channel) => all.includes(channel));

  it("allow or refuse every channel asked for, exactly one of the two", () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const { channels, refused } = evaluate(one);
        const asked = one.channels ?? ALL;
        expect(channels).toEqual(asked.filter((channel) => !refused.has(channel)));
        expect(isSubset([...refused.keys()], asked)).toBe(true);
      }),
    );
  });

  it("decide each channel by itself", () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const together = evaluate({ ...one, channels: [...CHANNELS] }).channels;
        const alone = CHANNELS.filter(
          (channel) => evaluate({ ...one, channels: [channel] }).channels.length > 0,
        );
        expect(together).toEqual(alone);
      }),
    );
  });

  it("never allow more after another opt-out, block or restriction", () => {
    const sharpened = fc.tuple(anyCase, channelList);
    fc.assert(
      fc.property(sharpened, ([one, more]) => {
        const before = evaluate(one).channels;
        const choice = one.choice;
        const sharper: Case[] = [
          { ...one, restricted: [...(one.restricted ?? []), ...more] },
          { ...one, blocked: [...(one.blocked ?? []), ...more] },
          { ...one, choice: { ...(choice ?? chose("opt_in")), preference: "opt_out" } },
          // A list where there was none switches from the defaults to the list, which may open channels.
          ...(choice?.opt_out_channels == null
            ? []
            : [{ ...one, choice: { ...choice, opt_out_channels: [...choice.opt_out_channels, ...more] } }]),
        ];
        for (const next of sharper) expect(isSubset(evaluate(next).channels, before)).toBe(true);
      }),
    );
  });

  it("send nothing to a recipient who opted out of all channels globally, except on mandatory channels", () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const { channels } = evaluate({ ...one, restricted: [...CHANNELS] });
        const stated = one.row?.preference ?? one.defaults?.preference;
        if (stated !== "cant_unsubscribe") expect(channels).toEqual([]);
        else expect(isSubset(channels, evaluate(one).channels)).toBe(true);
      }),
    );
  });

  it("send nothing on channels that the tenant blocks, whatever the recipient chose", () => {
    fc.assert(
      fc.property(anyCase, ({ row, ...one }) => {
        const { channels } = evaluate({ ...one, ...(row && { row }) });
        const blocked = new Set([...(one.blocked ?? []), ...(row?.blocked_channels ?? [])]);
        expect(channels.filter((channel) => blocked.has(channel))).toEqual([]);
      }),
    );
  });

  it("do not look at the category's defaults where the tenant states its own", () => {
    fc.assert(
      fc.property(anyCase, anyDefaults, anyRow, preference, (one, other, row, stated) => {
        const ruled = { ...one, row: { ...row, preference: stated } };
        expect(evaluate(ruled).channels).toEqual(evaluate({ ...ruled, defaults: other }).channels);
      }),
    );
  });

  it("do not look at any default where the recipient listed what is off and may", () => {
    const free = fc.record({
      preference: fc.constantFrom<PreferenceDefaults["preference"]>("opt_in", "opt_out"),
      mandatory_channels: listOrNull,
      opt_in_channels: listOrNull,
    });
    fc.assert(
      fc.property(free, free, channelList, listOrNull, (one, other, opt_out_channels, opt_in_channels) => {
        const choice = chose("opt_in", { opt_out_channels, opt_in_channels });
        const { channels } = evaluate({ defaults: one, choice });
        expect(channels).toEqual(evaluate({ defaults: other, choice }).channels);
        expect(channels).toEqual(ALL.filter((channel) => !opt_out_channels.includes(channel)));
      }),
    );
  });

  it("leave a snapshot that is plain JSON and holds the result", () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const { snapshot, channels, refused } = evaluate(one);
        expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
        expect(snapshot["channels"]).toEqual(channels);
        expect(snapshot["refused"] ?? {}).toEqual(Object.fromEntries(refused));
      }),
    );
  });

  it("never confuse the choices of different recipients", () => {
    expect(evaluatePreference({ ...inputOf({}), choice: NO_CHOICE }).channels).toEqual(ALL);
  });
});
