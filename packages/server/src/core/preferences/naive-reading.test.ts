import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Channel, CHANNELS } from "../channel.ts";
import {
  type CategoryChoice,
  evaluatePreference,
  isShown,
  type PreferenceDefaults,
  type PreferenceInput,
  showPreference,
  type TenantCategory,
} from "./preferences.ts";

/*
 * The rules for what is sent, read a second time: word by word as they are published, in the order of their steps, with
 * sets and without a thought of speed, explanation or of what the other reading does.
 */

interface Facts {
  C: PreferenceDefaults;
  row: TenantCategory | null;
  T_blocked: Channel[] | null;
  U: CategoryChoice | null;
  restricted: Channel[];
  K: Channel[];
}

function naively({ C, row, T_blocked, U, restricted, K }: Facts): Set<Channel> {
  const none = new Set<Channel>();
  // 1. The tenant's switches.
  if (row !== null && !row.enabled_for_tenant) return none;
  if (row !== null && !row.visible_to_subscriber) return none;
  // 2. The tenant's blocks.
  let k = new Set(K);
  for (const blocked of T_blocked ?? []) k.delete(blocked);
  for (const blocked of row?.blocked_channels ?? []) k.delete(blocked);
  // 3. The defaults in effect: the tenant's triple if it states a preference, else the category's with the tenant's lists.
  let D: PreferenceDefaults = { ...C };
  if (row !== null && row.preference !== null) {
    D = {
      preference: row.preference,
      mandatory_channels: row.mandatory_channels,
      opt_in_channels: row.opt_in_channels,
    };
  } else if (row !== null) {
    if (row.mandatory_channels !== null) D.mandatory_channels = row.mandatory_channels;
    if (row.opt_in_channels !== null) D.opt_in_channels = row.opt_in_channels;
  }
  const M = new Set<Channel>(D.preference === "cant_unsubscribe" ? (D.mandatory_channels ?? CHANNELS) : []);
  const R = new Set(restricted);

  function channelOn(ch: Channel): boolean {
    if (U !== null && U.preference === "opt_in" && U.opt_out_channels !== null)
      return !new Set(U.opt_out_channels).has(ch);
    if (U !== null && new Set(U.opt_in_channels ?? []).has(ch)) return true;
    if (D.opt_in_channels === null) return true;
    if (new Set(D.opt_in_channels).has(ch)) return true;
    if (D.preference === "cant_unsubscribe" && M.has(ch)) return true;
    return D.preference === "opt_out" && U?.preference === "opt_in";
  }

  // 4. What cannot be unsubscribed from, and what can.
  if (D.preference === "cant_unsubscribe") {
    k = new Set(
      [...k].filter((ch) => M.has(ch) || (channelOn(ch) && !R.has(ch) && U?.preference !== "opt_out")),
    );
    return k;
  }
  const pref = U === null ? D.preference : U.preference;
  if (pref === "opt_out") return none;
  return new Set([...k].filter((ch) => channelOn(ch) && !R.has(ch)));
}

const list = fc.uniqueArray(fc.constantFrom(...CHANNELS));
const listOrNull = fc.option(list, { nil: null });
const preference = fc.constantFrom<PreferenceDefaults["preference"]>("opt_in", "opt_out", "cant_unsubscribe");
const mostly = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.boolean() });

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  C: fc.record({ preference, mandatory_channels: listOrNull, opt_in_channels: listOrNull }),
  row: fc.option(
    fc.record({
      enabled_for_tenant: mostly,
      visible_to_subscriber: mostly,
      blocked_channels: listOrNull,
      preference: fc.option(preference, { nil: null }),
      mandatory_channels: listOrNull,
      opt_in_channels: listOrNull,
    }),
    { nil: null },
  ),
  T_blocked: listOrNull,
  U: fc.option(
    fc.record({
      preference: fc.constantFrom<CategoryChoice["preference"]>("opt_in", "opt_out"),
      opt_out_channels: listOrNull,
      opt_in_channels: listOrNull,
    }),
    { nil: null },
  ),
  restricted: list,
  K: list,
});

function inputOf({ C, row, T_blocked, U, restricted, K }: Facts) {
  const category = {
    slug: "news",
    root_category: "promotional" as const,
    is_root: false,
    defaults: C,
  };
  return {
    category: "news",
    policy: { category, tenant_category: row },
    tenant_id: "acme",
    tenant_blocked_channels: T_blocked,
    choice: { category: U, restricted_channels: restricted },
    channels: K,
  } satisfies PreferenceInput;
}

describe("the decision", () => {
  it("is the one of the rules, read naively", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(new Set(evaluatePreference(inputOf(facts)).channels)).toEqual(naively(facts));
      }),
      { numRuns: 20_000 },
    );
  });

  it("is what a page shows: channels that are on there are sent on, and no others", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const input = inputOf(facts);
        if (!isShown(input.policy)) {
          expect(naively(facts).size).toBe(0);
          return;
        }
        const { preference: shown, is_editable, channels } = showPreference(input);
        const on = channels.flatMap((one) => (one.preference === "opt_in" ? [one.channel] : []));
        expect(new Set(on)).toEqual(naively(facts));
        if (shown === "opt_out") expect(on).toEqual([]);
        if (!is_editable) expect(shown).toBe("opt_in");
      }),
      { numRuns: 5000 },
    );
  });

  it("changes by what a page lets its reader change, and by nothing else", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const input = inputOf(facts);
        if (!isShown(input.policy)) return;
        for (const { channel, preference: now, is_editable } of showPreference(input).channels) {
          const turned = (state: "on" | "off") => {
            const off = new Set(facts.U?.opt_out_channels ?? []);
            if (state === "off") off.add(channel);
            else off.delete(channel);
            const U = { preference: "opt_in", opt_out_channels: [...off], opt_in_channels: null } as const;
            return evaluatePreference(inputOf({ ...facts, U, K: [channel] })).channels.length > 0;
          };
          if (is_editable) expect([turned("on"), turned("off")]).toEqual([true, false]);
          else expect([turned("on"), turned("off")]).toEqual([now === "opt_in", now === "opt_in"]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
