import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Channel, CHANNELS } from "../channel.ts";
import { effectiveProfile, readTenancy, type Tenancy, type TenantedProfile } from "./effective-profile.ts";
import type { StoredIdentity } from "./identity.ts";
import type { JsonObject } from "../json.ts";

function identity(channel: Channel, key: string, more: Partial<StoredIdentity> = {}): StoredIdentity {
  const value = { value: key, key, provider: "", device_id: null, bundle_id: null };
  return { channel, ...value, status: "active", perma_status: "active", ...more };
}

const PERSON: TenantedProfile = {
  properties: { name: "Ann", plan: { tier: 1, seats: 2 }, $timezone: "UTC" },
  identities: [identity("email", "ann@home"), identity("sms", "+1"), identity("inbox", "extra")],
  tenant_profiles: [
    {
      tenant_id: "acme",
      properties: { plan: { tier: 9 }, $timezone: "Asia/Tokyo" },
      identities: [identity("email", "ann@acme"), identity("slack", "U1")],
    },
    { tenant_id: "bare", properties: {}, identities: [] },
  ],
  tenant_count: 2,
};
const LONELY: TenantedProfile = { ...PERSON, tenant_profiles: [], tenant_count: 0 };

const SHARED: Tenancy = { mode: "shared", fallback: null, fallback_applies_to_default_tenant: false };
const allow = (...channels: Channel[]): Tenancy => ({ ...SHARED, fallback: new Set(channels) });

function resolve(person: TenantedProfile, tenant_id: string, tenancy: Tenancy) {
  const result = effectiveProfile(person, tenant_id, tenancy);
  if (!result.ok) throw new Error(result.error);
  return result.profile;
}

const keysOf = (person: TenantedProfile, tenant_id: string, tenancy: Tenancy) =>
  resolve(person, tenant_id, tenancy)
    .identities.map(({ key }) => key)
    .toSorted();

describe("a recipient inside a tenant", () => {
  it("has the tenant's values in place of the global ones, whole, and the others as they are", () => {
    const profile = resolve(PERSON, "acme", SHARED);
    expect(profile.properties).toEqual({ name: "Ann", plan: { tier: 9 }, $timezone: "Asia/Tokyo" });
    expect(profile.identities.map(({ key }) => key)).toEqual(["+1", "extra", "ann@acme", "U1"]);
    expect(profile.tenant_channels).toEqual(["email", "slack"]);
  });

  it.each([
    ["that has no profile of them", "other"],
    ["whose profile says nothing", "bare"],
    ["that is the default one", "default"],
  ])("%s, is who they are globally", (_title, tenant_id) => {
    const { properties, identities } = resolve(PERSON, tenant_id, SHARED);
    expect({ properties, identities }).toEqual({
      properties: PERSON.properties,
      identities: PERSON.identities,
    });
  });

  it("may have a profile of their own in the default tenant too", () => {
    const own = { tenant_id: "default", properties: { name: "Anna" }, identities: [] };
    const person = { ...LONELY, tenant_profiles: [own] };
    expect(resolve(person, "default", SHARED).properties.name).toBe("Anna");
  });

  it("stays out of reach on a channel where the tenant's only address is suppressed", () => {
    const own = {
      tenant_id: "acme",
      properties: {},
      identities: [identity("email", "ann@acme", { perma_status: "disabled" })],
    };
    expect(keysOf({ ...PERSON, tenant_profiles: [own] }, "acme", SHARED)).toEqual([
      "+1",
      "ann@acme",
      "extra",
    ]);
  });

  it("keeps keys that mean something to the language", () => {
    const properties = JSON.parse('{"__proto__": 1, "constructor": 2}') as JsonObject;
    const own = { tenant_id: "acme", properties, identities: [] };
    const merged = resolve({ ...PERSON, tenant_profiles: [own] }, "acme", SHARED).properties;
    expect(Object.entries(merged).slice(-2)).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
  });
});

describe("a fallback of listed channels", () => {
  it.each<[tenancy: Tenancy, tenant_id: string, keys: string[], dropped: Channel[]]>([
    [allow("sms"), "acme", ["+1", "U1", "ann@acme", "extra"], []],
    [allow("email"), "acme", ["U1", "ann@acme", "extra"], ["sms"]],
    [allow(), "acme", ["U1", "ann@acme", "extra"], ["sms"]],
    [allow(), "bare", ["extra"], ["email", "sms"]],
    [allow("email"), "other", ["ann@home", "extra"], ["sms"]],
    [allow(), "default", ["+1", "ann@home", "extra"], []],
    [{ ...allow(), fallback_applies_to_default_tenant: true }, "default", ["extra"], ["email", "sms"]],
    [{ ...SHARED, fallback_applies_to_default_tenant: true }, "default", ["+1", "ann@home", "extra"], []],
  ])("%j leaves in tenant %s the addresses %j", (tenancy, tenant_id, keys, dropped) => {
    expect(keysOf(PERSON, tenant_id, tenancy)).toEqual(keys.toSorted());
    expect(resolve(PERSON, tenant_id, tenancy).dropped_channels).toEqual(dropped);
  });
});

describe("an exclusive workspace", () => {
  const exclusive: Tenancy = { ...SHARED, mode: "exclusive" };

  it.each([
    ["who has a profile there", PERSON, "acme", true],
    ["who has a profile elsewhere", PERSON, "other", false],
    ["who has a profile elsewhere, in the default tenant", PERSON, "default", true],
    ["whom no tenant has", LONELY, "acme", true],
  ])("finds in a tenant somebody %s: %#", (_title, person, tenant_id, found) => {
    const result = effectiveProfile(person, tenant_id, exclusive);
    expect(result.ok ? "found" : result.error).toBe(
      found ? "found" : `user is not associated with tenant '${tenant_id}'; workspace is in exclusive mode`,
    );
  });
});

describe("the settings of a workspace", () => {
  const DEFAULTS = { mode: "exclusive", fallback: null, fallback_applies_to_default_tenant: false };

  it.each<[config: unknown, tenancy: unknown]>([
    [{}, DEFAULTS],
    [null, DEFAULTS],
    ["shared", DEFAULTS],
    [{ user_tenancy_mode: "shared" }, { ...DEFAULTS, mode: "shared" }],
    [{ user_tenancy_mode: "SHARED" }, DEFAULTS],
    [{ user_tenancy_channel_fallback: ["$email"] }, DEFAULTS],
    [{ user_tenancy_channel_fallback_mode: "allowlist" }, { ...DEFAULTS, fallback: new Set() }],
    [
      {
        user_tenancy_channel_fallback_mode: "allowlist",
        user_tenancy_channel_fallback: ["$email", "sms", "$fax", "$$email", 5, null, "__proto__"],
      },
      { ...DEFAULTS, fallback: new Set(["email", "sms"]) },
    ],
    [
      { user_tenancy_channel_fallback_applies_to_default_tenant: true },
      { ...DEFAULTS, fallback_applies_to_default_tenant: true },
    ],
    [{ user_tenancy_channel_fallback_applies_to_default_tenant: "yes" }, DEFAULTS],
  ])("%j are read as %j", (config, tenancy) => {
    expect(readTenancy(config)).toEqual(tenancy);
  });

  it("never fail to be read, whatever is stored", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (config) => ["shared", "exclusive"].includes(readTenancy(config).mode)),
    );
  });
});

describe("whatever the profiles and the rule", () => {
  const channel = fc.constantFrom(...CHANNELS);
  const identities = fc.uniqueArray(fc.tuple(channel, fc.constantFrom("a", "b")), {
    selector: (pair) => pair.join(),
    maxLength: 6,
  });
  const properties = fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), fc.integer());

  it("each channel is the tenant's, the global one or nobody's, and each property the tenant's first", () => {
    fc.assert(
      fc.property(
        fc.record({ properties, identities }),
        fc.option(fc.record({ properties, identities })),
        fc.option(fc.uniqueArray(channel)),
        (global, tenant, list) => {
          const fill = (
            profile: { properties: JsonObject; identities: [Channel, string][] },
            where: string,
          ) => ({
            properties: profile.properties,
            identities: profile.identities.map(([name, key]) => identity(name, `${where} ${key}`)),
          });
          const own = tenant === null ? [] : [{ tenant_id: "t", ...fill(tenant, "tenant") }];
          const person = { ...fill(global, "global"), tenant_profiles: own, tenant_count: own.length };
          const tenancy: Tenancy = { ...SHARED, fallback: list === null ? null : new Set(list) };
          const profile = resolve(person, "t", tenancy);
          for (const name of CHANNELS) {
            const of = (from: readonly StoredIdentity[]) => from.filter((one) => one.channel === name);
            const theirs = of(own[0]?.identities ?? []);
            const falls = list === null || name === "inbox" || list.includes(name);
            const expected = theirs.length > 0 ? theirs : falls ? of(person.identities) : [];
            expect(of(profile.identities)).toEqual(expected);
          }
          const expected = new Map([
            ...Object.entries(global.properties),
            ...Object.entries(tenant?.properties ?? {}),
          ]);
          expect(new Map(Object.entries(profile.properties))).toEqual(expected);
        },
      ),
    );
  });
});
