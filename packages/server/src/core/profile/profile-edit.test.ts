import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS, type Channel } from "../channel.ts";
import type { IdentityHints, IdentityResult, StoredIdentity } from "./identity.ts";
import type { Json, JsonObject } from "../json.ts";
import { editProfile, type EditOptions, type Profile, type ProfileEdit } from "./profile-edit.ts";
import { parseOperationList, profileFromUpsert } from "./profile-operations.ts";

/** A channel with a simple rule: strings count unless they start with "bad", upper case is another spelling. */
function parseIdentity(_channel: Channel, input: unknown, hints: IdentityHints): IdentityResult {
  if (typeof input !== "string" || input.startsWith("bad")) return { ok: false, reason: "invalid value" };
  const { provider, device_id, bundle_id } = hints;
  return {
    ok: true,
    identity: {
      value: input,
      key: input.toLowerCase(),
      provider: provider ?? "default",
      device_id: device_id ?? null,
      bundle_id: bundle_id ?? null,
    },
  };
}

function stored(channel: Channel, value: string, more: Partial<StoredIdentity> = {}): StoredIdentity {
  return {
    channel,
    value,
    key: value.toLowerCase(),
    provider: "default",
    device_id: null,
    bundle_id: null,
    status: "active",
    perma_status: "active",
    ...more,
  };
}

const EMPTY: Profile = { properties: {}, identities: [] };

function edit(profile: Profile, operations: unknown, options: Partial<EditOptions> = {}): ProfileEdit {
  const parsed = parseOperationList(operations);
  const result = editProfile(profile, parsed.operations, { parseIdentity, mode: "lenient", ...options });
  if (!result.ok) throw new Error(result.error);
  return result.edit;
}

function refusal(profile: Profile, operations: unknown): string | null {
  const parsed = parseOperationList(operations);
  const result = editProfile(profile, parsed.operations, { parseIdentity, mode: "strict" });
  return result.ok ? null : result.error;
}

describe("properties", () => {
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    ["$set replaces", { a: { x: 1 } }, { $set: { a: { y: 2 }, b: null } }, { a: { y: 2 }, b: null }],
    ["$set trims keys", {}, { $set: { " a ": 1 } }, { a: 1 }],
    [
      "$set_once writes what is absent",
      { a: 1, n: null },
      { $set_once: { a: 2, b: 2, n: 2 } },
      { a: 1, b: 2, n: null },
    ],
    [
      "$add adds, from nothing or null too",
      { a: 1, n: null },
      { $add: { a: -3, b: 2.5, n: 1 } },
      { a: -2, b: 2.5, n: 1 },
    ],
    ["$increment is $add", { a: 1 }, { $increment: { a: 1 } }, { a: 2 }],
    [
      "$append makes and extends arrays",
      { a: [1], n: null },
      { $append: { a: 1, b: 2, n: 3 } },
      { a: [1, 1], b: [2], n: [3] },
    ],
    ["$append keeps a scalar as the first", { a: "x" }, { $append: { a: ["y"] } }, { a: ["x", ["y"]] }],
    [
      "$remove takes every equal element",
      { a: [1, { b: 1 }, { b: 1 }, "1"] },
      { $remove: { a: { b: 1 } } },
      { a: [1, "1"] },
    ],
    ["$remove leaves what is no array", { a: 1 }, { $remove: { a: 1, b: 1 } }, { a: 1 }],
    ["$unset deletes", { a: 1, b: 2, $locale: "en" }, { $unset: ["a", "zz", "$locale"] }, { b: 2 }],
    [
      "reserved properties are checked and kept",
      {},
      { $set: { $locale: "en_GB", $timezone: "asia/kolkata" } },
      { $locale: "en_GB", $timezone: "Asia/Kolkata" },
    ],
    [
      "$set_once knows reserved properties",
      { $locale: "en" },
      { $set_once: { $locale: "de", $timezone: "UTC" } },
      { $locale: "en", $timezone: "UTC" },
    ],
    [
      "null says nothing about a reserved property",
      { $locale: "en" },
      { $set: { $locale: null } },
      { $locale: "en" },
    ],
  ])("%s", (_title, properties, operations, expected) => {
    const result = edit({ properties, identities: [] }, operations);
    expect(result.profile.properties).toEqual(expected);
    expect(result.warnings).toEqual([]);
  });

  it.each([
    ["a sum that is none", { $add: { a: 1 } }],
    ["a delta that is none", { $add: { n: "1" } }],
    ["a sum too large for JSON", { $add: { n: Number.MAX_VALUE } }],
    ["reserved keys", { $set: { $foo: 1 } }],
    ["reserved keys of the SDKs", { $set: { ss_foo: 1 } }],
    ["empty keys", { $append: { "": 1 } }],
    ["zones that are none", { $set: { $timezone: "EST" } }],
    ["operators a reserved property has not", { $append: { $locale: "en" } }],
    ["unsetting what is reserved", { $unset: ["$foo"] }],
  ])("are left alone, with a warning, by %s", (_title, operations) => {
    const profile: Profile = { properties: { a: "x", n: Number.MAX_VALUE }, identities: [] };
    const result = edit(profile, operations);
    expect(result.profile.properties).toBe(profile.properties);
    expect(result.properties_changed).toBe(false);
    expect(result.warnings).toHaveLength(1);
  });

  it("report no change, and cost no copy, when nothing new was said", () => {
    const profile: Profile = { properties: { a: { b: [1] } }, identities: [] };
    for (const operations of [
      [{ $set: { a: { b: [1] } } }],
      [{ $set: { a: 2 } }, { $set: { a: { b: [1] } } }],
      [{ $add: { n: 1 } }, { $unset: ["n"] }],
    ]) {
      const result = edit(profile, operations);
      expect(result.properties_changed).toBe(false);
      expect(result.profile.properties).toBe(profile.properties);
    }
  });

  it("are never changed in place", () => {
    const properties = { a: [1], b: { c: 1 } };
    const before = structuredClone(properties);
    edit(
      { properties, identities: [] },
      { $append: { a: 2 }, $remove: { a: 1 }, $set: { b: 1 }, $unset: ["a"] },
    );
    expect(properties).toEqual(before);
  });
});

describe("identities", () => {
  it("are added active, each channel for itself, scalars and arrays alike", () => {
    const result = edit(EMPTY, { $append: { $email: ["a", "b"], $sms: "a", $messenger: "x" } });
    expect(result.profile.identities).toEqual([
      stored("email", "a"),
      stored("email", "b"),
      stored("sms", "a"),
    ]);
    expect(result.upserted).toEqual(result.profile.identities);
    expect(result).toMatchObject({
      accepted_identities: 3,
      refused_identities: 0,
      warnings: [],
      removed: [],
    });
  });

  it("take provider, device and app from the operation they stand in, and from no other", () => {
    const result = edit(EMPTY, [
      { $append: { $iospush: "t", $pushvendor: "apns", $device_id: " d1 ", $bundle_id: "com.x" } },
      { $append: { $androidpush: "t", $id_provider: "fcm", $pushvendor: "other" } },
      { $append: { $webpush: "t", $id_provider: null, $device_id: 5 } },
    ]);
    expect(result.profile.identities).toEqual([
      stored("iospush", "t", { provider: "apns", device_id: "d1", bundle_id: "com.x" }),
      stored("androidpush", "t", { provider: "fcm" }),
      stored("webpush", "t"),
    ]);
    expect(result.profile.properties).toEqual({});
  });

  it("named again take their newest form and keep what was not said this time", () => {
    const profile = { properties: {}, identities: [stored("email", "a", { bundle_id: "com.x" })] };
    const result = edit(profile, { $append: { $email: "A" } });
    expect(result.upserted).toEqual([stored("email", "A", { bundle_id: "com.x" })]);
    expect(result.removed).toEqual([]);
  });

  it.each([{ status: "inactive" as const }, { perma_status: "disabled" as const }])(
    "named again come back from %j, but not for a trigger that repeats them",
    (state) => {
      const profile = { properties: {}, identities: [stored("sms", "a", state)] };
      expect(edit(profile, { $append: { $sms: "a" } }).upserted).toEqual([stored("sms", "a")]);
      const repeated = edit(profile, { $append: { $sms: "a" } }, { restore: false });
      expect(repeated.profile).toEqual(profile);
      expect(repeated.upserted).toEqual([]);
    },
  );

  it("on a device are removed by their key, or else by the device", () => {
    const identities = [
      stored("webpush", "old", { device_id: "d1" }),
      stored("webpush", "new", { device_id: "d2" }),
      stored("androidpush", "t", { device_id: "d1" }),
    ];
    const removed = ($webpush: Json, $device_id: string) =>
      edit({ properties: {}, identities }, { $remove: { $webpush, $device_id } }).removed.map(
        ({ key }) => key,
      );
    expect(removed("old", "d1")).toEqual(["old"]);
    // What is named by its key is meant, although the device has another one by now.
    expect(removed("old", "d2")).toEqual(["old"]);
    expect(removed("renewed", "d1")).toEqual(["old"]);
    expect(removed("bad", "d1")).toEqual(["old"]);
    expect(removed("renewed", "d3")).toEqual([]);
    expect(
      refusal({ properties: {}, identities }, { $remove: { $webpush: "bad", $device_id: "d1" } }),
    ).toBeNull();
    const mail = [stored("email", "a", { device_id: "d1" })];
    const unknown = { $remove: { $email: "b", $device_id: "d1" } };
    expect(edit({ properties: {}, identities: mail }, unknown).removed).toEqual([]);
  });

  it("are removed by key, and reported as they were stored", () => {
    const identities = [stored("email", "a"), stored("email", "b"), stored("sms", "a")];
    const result = edit({ properties: {}, identities }, { $remove: { $email: ["A", "unknown"] } });
    expect(result.profile.identities).toEqual(identities.slice(1));
    expect(result.removed).toEqual([identities[0]]);
    expect(result.upserted).toEqual([]);
  });

  it("of a channel all go with $unset, except the inbox's", () => {
    const identities = [stored("email", "a"), stored("email", "b"), stored("inbox", "s")];
    const result = edit({ properties: {}, identities }, { $unset: ["$email", "$inbox"] });
    expect(result.profile.identities).toEqual([identities[2]]);
    expect(result.warnings).toEqual(["$unset: $inbox is kept, every recipient has one"]);
  });

  it("of a channel are replaced by $set, those that stay untouched", () => {
    const identities = [stored("email", "a"), stored("email", "b"), stored("sms", "x")];
    const result = edit({ properties: {}, identities }, { $set: { $email: ["b", "c"] } });
    expect(result.profile.identities).toEqual([identities[1], identities[2], stored("email", "c")]);
    expect(result.removed).toEqual([identities[0]]);
    expect(result.upserted).toEqual([stored("email", "c")]);
    expect(edit({ properties: {}, identities }, { $set: { $email: [] } }).removed).toHaveLength(2);
  });

  it("of the inbox stay beside those that $set adds", () => {
    const profile = { properties: {}, identities: [stored("inbox", "own")] };
    expect(edit(profile, { $set: { $inbox: "more" } }).profile.identities).toEqual([
      stored("inbox", "own"),
      stored("inbox", "more"),
    ]);
  });

  it("are not all replaced by nothing when a new list holds nothing valid", () => {
    const profile = { properties: {}, identities: [stored("email", "a")] };
    expect(edit(profile, { $set: { $email: ["bad"] } }).profile).toEqual(profile);
    expect(edit(profile, { $set: { $email: null } }).profile).toEqual(profile);
  });

  it("on one device replace each other, per channel and provider", () => {
    const identities = [
      stored("androidpush", "old", { provider: "fcm", device_id: "d1" }),
      stored("androidpush", "xm", { provider: "xiaomi", device_id: "d1" }),
      stored("androidpush", "other", { provider: "fcm", device_id: "d2" }),
      stored("iospush", "i", { provider: "fcm", device_id: "d1" }),
      stored("email", "m", { provider: "fcm", device_id: "d1" }),
    ];
    const profile = { properties: {}, identities };
    const result = edit(profile, { $append: { $androidpush: "new", $id_provider: "fcm", $device_id: "d1" } });
    expect(result.removed).toEqual([identities[0]]);
    expect(result.upserted).toEqual([stored("androidpush", "new", { provider: "fcm", device_id: "d1" })]);
    expect(
      edit(profile, { $append: { $email: "n", $id_provider: "fcm", $device_id: "d1" } }).removed,
    ).toEqual([]);
  });

  it("stop at a hundred per channel; push drops its oldest instead", () => {
    const full = (channel: Channel) => ({
      properties: {},
      identities: Array.from({ length: 100 }, (_, i) => stored(channel, `t${i}`)),
    });
    const email = edit(full("email"), { $append: { $email: "new", $sms: "s" } });
    expect(email.upserted).toEqual([stored("sms", "s")]);
    expect(email.warnings).toEqual(["$email: must contain at maximum 100 items"]);
    const push = edit(full("webpush"), { $append: { $webpush: "new" } });
    expect(push.removed).toEqual([stored("webpush", "t0")]);
    expect(push.upserted).toEqual([stored("webpush", "new")]);
    expect(
      edit(EMPTY, { $append: { $email: Array.from({ length: 500 }, (_, i) => `t${i}`) } }).upserted,
    ).toHaveLength(100);
  });

  it("cannot be counted or set once", () => {
    const result = edit(EMPTY, { $add: { $email: 1 }, $set_once: { $email: "a" } });
    expect(result.profile.identities).toEqual([]);
    expect(result.warnings).toHaveLength(2);
  });

  it("keep what else storage knows about them", () => {
    const row = { ...stored("email", "a", { status: "inactive" }), id: 7 };
    expect(edit({ properties: {}, identities: [row] }, { $append: { $email: "a" } }).upserted).toEqual([
      { ...row, status: "active" },
    ]);
  });
});

describe("lenient and strict edits", () => {
  const operations = [
    { $set: { a: 1 } },
    { $append: { $email: ["bad", "good"] } },
    { $set: { $locale: "xx" } },
  ];

  it("lenient skips what is wrong, says so and goes on", () => {
    const result = edit(EMPTY, operations);
    expect(result.profile).toEqual({ properties: { a: 1 }, identities: [stored("email", "good")] });
    expect(result.warnings).toEqual([
      "invalid value for channel 'email': bad. error: invalid value",
      "invalid locale/language: 'xx'",
    ]);
    expect(result).toMatchObject({ accepted_identities: 1, refused_identities: 1 });
  });

  it.each([
    ["an identity", operations, "invalid value for channel 'email': bad. error: invalid value"],
    [
      "an identity to remove",
      { $remove: { $sms: 5 } },
      "invalid value for channel 'sms': 5. error: invalid value",
    ],
    ["a reserved property", { $set: { $timezone: "EST", b: 1 } }, "invalid timezone: EST"],
    [
      "a list too long",
      { $append: { $email: Array.from({ length: 101 }, () => "a") } },
      "$email: must contain at maximum 100 items",
    ],
    [
      "the first of several",
      [{ $set: { $preferred_language: "xx" } }, { $append: { $email: "bad" } }],
      "invalid language: xx",
    ],
  ])("strict answers with %s", (_title, wrong, error) => {
    expect(refusal(EMPTY, wrong)).toBe(error);
  });

  it("strict lets pass what is only unusual", () => {
    expect(refusal(EMPTY, [{ $set: { $foo: 1 } }, { $add: { a: "x" } }, { $unset: ["$inbox"] }])).toBeNull();
  });

  it("keeps no more than a hundred warnings", () => {
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`$x${i}`, 1]));
    expect(edit(EMPTY, { $set: fields }).warnings).toHaveLength(100);
  });
});

describe("prototype keys", () => {
  it("are harmless in every operator", () => {
    const poison: unknown = JSON.parse(
      '[{"$set": {"__proto__": {"a": 1}, "constructor": 1}}, {"$append": {"__proto__": 1, "toString": 2}}, {"$add": {"valueOf": 1}}, {"$unset": ["__proto__", "hasOwnProperty"]}]',
    );
    const { properties } = edit(EMPTY, poison).profile;
    expect(Object.getPrototypeOf(properties)).toBe(Object.prototype);
    expect(Object.entries(properties)).toEqual([
      ["constructor", 1],
      ["toString", [2]],
      ["valueOf", 1],
    ]);
    expect(({} as JsonObject)["a"]).toBeUndefined();
  });

  it("are harmless as a whole profile", () => {
    const { operations } = profileFromUpsert(JSON.parse('{"__proto__": {"$email": "a"}, "b": 1}'));
    const result = editProfile(EMPTY, operations, { parseIdentity, mode: "strict" });
    expect(result).toMatchObject({ ok: true, edit: { profile: { properties: { b: 1 }, identities: [] } } });
  });
});

describe("for any operations", () => {
  const key = fc.constantFrom(
    "a",
    "b",
    " a",
    "",
    "$email",
    "$webpush",
    "$inbox",
    "$locale",
    "$id_provider",
    "$device_id",
    "__proto__",
    "ss_x",
    "$messenger",
  );
  const value = fc.oneof(
    fc.constantFrom<Json>("v", "V", "w", "bad", "en", "d1", null, 1, ["v", "x"]),
    fc.jsonValue().map((json) => json as Json),
  );
  const map = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
  const operator = fc.constantFrom("$set", "$set_once", "$add", "$append", "$remove");
  const operation = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(operator, map).map(([name, fields]): JsonObject => ({ [name]: fields })),
    },
    { weight: 1, arbitrary: fc.array(key).map((keys): JsonObject => ({ $unset: keys })) },
  );
  const operations = fc.array(operation, { maxLength: 8 });

  it("nothing throws, and no JSON whatever does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(operation, fc.jsonValue())),
        fc.constantFrom("strict", "lenient"),
        (ops, mode) => {
          const parsed = parseOperationList(ops);
          expect(
            editProfile(EMPTY, parsed.operations, {
              parseIdentity,
              mode: mode === "strict" ? mode : "lenient",
            }),
          ).toHaveProperty("ok");
        },
      ),
    );
  });

  it("appending an identity twice changes nothing the second time", () => {
    fc.assert(
      fc.property(
        operations,
        fc.constantFrom(...CHANNELS),
        fc.constantFrom("v", "W", "zz"),
        (before, channel, address) => {
          const append = { $append: { [`$${channel}`]: address, $device_id: "d1" } };
          const once = edit(EMPTY, [...before, append]).profile;
          const twice = edit(once, append);
          expect(twice.profile).toEqual(once);
          expect(twice).toMatchObject({ properties_changed: false, upserted: [], removed: [] });
        },
      ),
    );
  });

  it("removing after appending leaves no such identity", () => {
    fc.assert(
      fc.property(operations, fc.constantFrom(...CHANNELS), (before, channel) => {
        const name = `$${channel}`;
        const { identities } = edit(EMPTY, [
          ...before,
          { $append: { [name]: "v" } },
          { $remove: { [name]: "V" } },
        ]).profile;
        expect(identities.filter((identity) => identity.channel === channel && identity.key === "v")).toEqual(
          [],
        );
      }),
    );
  });

  it("one after the other is the same as all at once: their order is respected", () => {
    fc.assert(
      fc.property(operations, operations, (first, second) => {
        const stepwise = edit(edit(EMPTY, first).profile, second).profile;
        expect(edit(EMPTY, [...first, ...second]).profile).toEqual(stepwise);
      }),
    );
  });

  it("the reported changes turn what was stored into the result", () => {
    fc.assert(
      fc.property(operations, operations, (first, second) => {
        const before = edit(EMPTY, first).profile;
        const { profile, upserted, removed, properties_changed } = edit(before, second);
        const rows = new Map(
          before.identities.map((identity) => [`${identity.channel}/${identity.key}`, identity]),
        );
        for (const identity of removed) expect(rows.delete(`${identity.channel}/${identity.key}`)).toBe(true);
        for (const identity of upserted) rows.set(`${identity.channel}/${identity.key}`, identity);
        const expected = new Map(
          profile.identities.map((identity) => [`${identity.channel}/${identity.key}`, identity]),
        );
        expect(rows).toEqual(expected);
        expect(properties_changed).toBe(profile.properties !== before.properties);
      }),
    );
  });
});
