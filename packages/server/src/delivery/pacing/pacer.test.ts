import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { callVendor, route } from "../../../test/outside/called-vendor.ts";
import type { Lane } from "../../core/lane.ts";
import { type Admitted, createPacer, type Pace } from "./pacer.ts";

/** Slow enough that no token comes back during a test. */
const SLOW: Pace = { rate_per_second: 0.01, burst: 5, daily_cap: null };
const kinds = (all: Admitted[]) => Map.groupBy(all, ({ kind }) => kind);

describe("the pace of a vendor's settings", () => {
  it("holds over all processes, whichever asks how often", async ({ harness, hub }) => {
    const { workspace_id } = hub.workspace;
    const vendor_config_id = await route(harness, workspace_id, callVendor("sms"));
    const pacers = [1, 2, 3].map(() => createPacer(harness.services));
    const call = { workspace_id, vendor_config_id, lane: 1 as Lane, had_turn: false };
    const asked = pacers.flatMap((pacer) => Array.from({ length: 20 }, () => pacer.admit(call, SLOW)));
    const admitted = await Promise.all(asked);
    const { now = [], later = [] } = Object.fromEntries(kinds(admitted));
    expect(now).toHaveLength(5);
    expect(later).toHaveLength(55);
    // Each of the others has a turn of its own, a hundred seconds after the one before.
    const turns = later.flatMap((one) => (one.kind === "later" ? one.ms : [])).toSorted((a, b) => a - b);
    expect(turns.at(-1)).toBeGreaterThan(53 * 100_000);
    for (const [index, turn] of turns.entries())
      if (index > 0) expect(turn - (turns[index - 1] ?? 0)).toBeGreaterThan(90_000);
  });

  it("gives an urgent message the next call, and one that had its turn another soon", async ({
    harness,
    hub,
  }) => {
    const { workspace_id } = hub.workspace;
    const vendor_config_id = await route(harness, workspace_id, callVendor("sms"));
    const pacer = createPacer(harness.services);
    const call = (lane: Lane, had_turn = false) =>
      pacer.admit({ workspace_id, vendor_config_id, lane, had_turn }, { ...SLOW, burst: 2 });
    const [first, campaign, back, urgent] = await Promise.all([call(2), call(2), call(2, true), call(0)]);
    expect([first.kind, campaign.kind, back.kind, urgent.kind]).toEqual(["now", "later", "later", "now"]);
    expect(back.kind === "later" && back.ms).toBeLessThan(2000);
  });

  it("has a number of calls a day, and no more until the next one", async ({ harness, hub }) => {
    const { workspace_id } = hub.workspace;
    const vendor_config_id = await route(harness, workspace_id, callVendor("sms"));
    const pace = { rate_per_second: null, burst: null, daily_cap: 7 };
    const call = { workspace_id, vendor_config_id, lane: 1 as Lane, had_turn: false };
    const pacers = [createPacer(harness.services), createPacer(harness.services)];
    const asked = pacers.flatMap((pacer) => Array.from({ length: 10 }, () => pacer.admit(call, pace)));
    const admitted = await Promise.all(asked);
    expect(kinds(admitted).get("now")).toHaveLength(7);
    expect(kinds(admitted).get("tomorrow")).toHaveLength(13);

    // A new day begins.
    await harness.services.db.query("update vendor_pace set day = day - 1 where workspace_id = $1", [
      workspace_id,
    ]);
    expect(await createPacer(harness.services).admit(call, pace)).toEqual({ kind: "now" });
  });
});
