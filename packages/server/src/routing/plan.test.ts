import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Channel, CHANNELS } from "../core/channel.ts";
import { type Candidate, planRouting, type RoutingTerms } from "./plan.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

const terms = (changes: Partial<RoutingTerms> = {}): RoutingTerms => ({
  ttl_ms: HOUR,
  mandatory_channels: [],
  success: "seen",
  success_is_event: false,
  ...changes,
});

const candidate = (
  channel: Channel,
  price: number | null = null,
  state: Candidate["state"] = "sendable",
): Candidate => ({ channel, price, state });

/** Each candidate with the minutes it waits, or `never` or `failed`. */
function plan(candidates: Candidate[], changes: Partial<RoutingTerms> = {}): [Channel, number | string][] {
  const { places } = planRouting(candidates, terms(changes));
  return candidates.map(({ channel }, index) => {
    const place = places[index];
    return [channel, place?.wait_ms == null ? (place?.when ?? "missing") : place.wait_ms / MINUTE];
  });
}

describe("a routing", () => {
  it("sends inbox and the cheapest channel at once, and spreads the others over the time to live", () => {
    const candidates = (["whatsapp", "inbox", "sms", "email"] as const).map((channel) => candidate(channel));
    expect(plan(candidates)).toEqual([
      ["whatsapp", 30],
      ["inbox", 0],
      ["sms", 60],
      ["email", 0],
    ]);
  });

  it("to one address sends at once", () => {
    expect(plan([candidate("sms")])).toEqual([["sms", 0]]);
    expect(plan([candidate("inbox"), candidate("sms")])).toEqual([
      ["inbox", 0],
      ["sms", 0],
    ]);
    expect(plan([])).toEqual([]);
  });

  it("gives each address of a channel a turn of its own", () => {
    expect(plan([candidate("email"), candidate("sms"), candidate("email")])).toEqual([
      ["email", 0],
      ["sms", 60],
      ["email", 30],
    ]);
  });

  it("does not count mandatory channels, which are sent at once", () => {
    const candidates = (["email", "sms", "whatsapp"] as const).map((channel) => candidate(channel));
    expect(plan(candidates, { mandatory_channels: ["sms"] })).toEqual([
      ["email", 0],
      ["sms", 0],
      ["whatsapp", 60],
    ]);
  });

  it("gives the slot of a candidate that cannot be sent to the next, and keeps the gap", () => {
    const candidates = [candidate("email", null, "failed"), candidate("whatsapp"), candidate("sms")];
    expect(plan(candidates)).toEqual([
      ["email", "now"],
      ["whatsapp", 0],
      ["sms", 30],
    ]);
  });

  it("ends at once when storing a message is the success", () => {
    const candidates = [candidate("inbox", null, "delivered"), candidate("email"), candidate("sms")];
    expect(plan(candidates, { success: "delivered" })).toEqual([
      ["inbox", 0],
      ["email", 0],
      ["sms", "never"],
    ]);
    expect(plan(candidates, { success: "seen" })[2]).toEqual(["sms", 60]);
    expect(plan(candidates, { success: "delivered", success_is_event: true })[2]).toEqual(["sms", 60]);
  });

  it("without any time to live sends everything at once", () => {
    expect(plan([candidate("email"), candidate("sms")], { ttl_ms: 0 })).toEqual([
      ["email", 0],
      ["sms", 0],
    ]);
  });

  it("orders channels by their usual cost", () => {
    const candidates = CHANNELS.filter((channel) => channel !== "inbox").map((channel) => candidate(channel));
    const { places } = planRouting(candidates, terms());
    const order = candidates
      .map(({ channel }, index) => ({ channel, step: places[index]?.step ?? 0 }))
      .toSorted((one, other) => one.step - other.step)
      .map(({ channel }) => channel);
    expect(order).toEqual([
      "slack",
      "ms_teams",
      "webpush",
      "androidpush",
      "iospush",
      "email",
      "whatsapp",
      "sms",
    ]);
  });

  it.each<[string, Candidate[], Channel[]]>([
    [
      "all",
      [candidate("email", 0.5), candidate("sms", 0.2), candidate("whatsapp", 0.3)],
      ["sms", "whatsapp", "email"],
    ],
    [
      "two of three",
      [candidate("email"), candidate("sms", 0.2), candidate("whatsapp", 0.3)],
      ["email", "sms", "whatsapp"],
    ],
    ["one, however expensive", [candidate("email", 99), candidate("sms")], ["email", "sms"]],
    ["equal", [candidate("sms", 1), candidate("email", 1)], ["email", "sms"]],
    ["no number", [candidate("sms", Number.NaN), candidate("email", 7)], ["email", "sms"]],
  ])("compares prices with prices: %s", (_title, candidates, order) => {
    const { places } = planRouting(candidates, terms());
    const planned = order.map(
      (channel) => places[candidates.findIndex((one) => one.channel === channel)]?.step,
    );
    expect(planned).toEqual(order.map((_channel, index) => index + 1));
  });

  it("sends each candidate in one turn, evenly, from zero to the time to live at the latest", () => {
    const candidates = fc.array(
      fc.record({
        channel: fc.constantFrom(...CHANNELS),
        price: fc.option(fc.double({ noNaN: false }), { nil: null }),
        state: fc.constantFrom<Candidate["state"]>("sendable", "failed"),
      }),
      { maxLength: 30 },
    );
    const ttl = fc.nat({ max: 365 * 24 * HOUR });
    const mandatory = fc.subarray([...CHANNELS]);
    fc.assert(
      fc.property(candidates, ttl, mandatory, (list, ttl_ms, mandatory_channels) => {
        const { places, gap_ms } = planRouting(list, terms({ ttl_ms, mandatory_channels }));
        expect(places).toHaveLength(list.length);
        const steps = places.filter(({ step }) => step > 0).toSorted((one, other) => one.step - other.step);
        expect(steps.map(({ step }) => step)).toEqual(steps.map((_place, index) => index + 1));
        steps.forEach(({ wait_ms }, index) => {
          expect(Math.abs((wait_ms ?? -1) - gap_ms * index)).toBeLessThanOrEqual(index);
          expect(wait_ms).toBeLessThanOrEqual(ttl_ms);
        });
        list.forEach(({ channel, state }, index) => {
          const beside = channel === "inbox" || mandatory_channels.includes(channel) || state === "failed";
          expect(places[index]?.step === 0).toBe(beside);
          if (beside) expect(places[index]?.when).toBe("now");
        });
        const allSendable = list.every(({ state }) => state === "sendable");
        if (allSendable && steps.length > 1) expect(steps.at(-1)?.wait_ms).toBe(ttl_ms);
      }),
    );
  });
});
