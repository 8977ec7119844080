import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFairness, priorityOf } from "./fairness.ts";

const START = Date.UTC(2026, 10, 20);
const refs = (workspace_id: number, count: number, tenant_id: string | null = null) =>
  Array.from({ length: count }, () => ({ workspace_id, tenant_id }));

describe("createFairness", () => {
  it("puts one message of a neighbour before the rest of a burst that came earlier", () => {
    let now = START;
    const fairness = createFairness(() => now, 500);
    const burst = Array.from({ length: 100 }, () => fairness.stamp(refs(1, 100))).flat();
    now += 60;
    const [single] = fairness.stamp(refs(2, 1));
    const before = burst.filter(({ stamp }) => priorityOf(stamp) > priorityOf(single?.stamp ?? 0));
    expect(before.length).toBeLessThan(3);
  });

  it("distinguishes tenants of one workspace", () => {
    const fairness = createFairness(() => START, 500);
    fairness.stamp(refs(1, 5000, "loud"));
    expect(fairness.stamp([...refs(1, 1, "loud"), ...refs(1, 1, "quiet")])).toEqual([
      { stamp: START, members: refs(1, 1, "quiet") },
      { stamp: START + 10_000, members: refs(1, 1, "loud") },
    ]);
  });

  it("keeps flows within their rate together, in one part", () => {
    const fairness = createFairness(() => START, 500);
    expect(fairness.stamp([...refs(1, 3), ...refs(2, 2), ...refs(3, 1)])).toEqual([
      { stamp: START, members: [...refs(1, 3), ...refs(2, 2), ...refs(3, 1)] },
    ]);
  });

  it("counts recipients, not the requests that name them", () => {
    const fairness = createFairness(() => START, 500);
    fairness.stamp([
      { workspace_id: 1, weight: 100 },
      { workspace_id: 1, weight: 400 },
    ]);
    fairness.stamp([{ workspace_id: 2, weight: 1 }]);
    expect(fairness.stamp([...refs(1, 1), ...refs(2, 1)])).toEqual([
      { stamp: START + 1000, members: refs(1, 1) },
      { stamp: START + 2, members: refs(2, 1) },
    ]);
  });

  it("forgives a burst once its time has passed", () => {
    let now = START;
    const fairness = createFairness(() => now, 500);
    fairness.stamp(refs(1, 1000));
    now += 2000;
    expect(fairness.stamp(refs(1, 1))).toEqual([{ stamp: now, members: refs(1, 1) }]);
  });

  it("loses no member and never stamps into the past", () => {
    const flow = fc.record({
      workspace_id: fc.integer({ min: 1, max: 5 }),
      tenant_id: fc.constantFrom(null, "a", "b"),
    });
    fc.assert(
      fc.property(fc.array(fc.array(flow, { maxLength: 50 }), { maxLength: 20 }), (batches) => {
        let now = START;
        const fairness = createFairness(() => now, 10);
        for (const batch of batches) {
          const parts = fairness.stamp(batch);
          expect(parts.flatMap(({ members }) => members)).toHaveLength(batch.length);
          for (const { stamp } of parts) expect(stamp).toBeGreaterThanOrEqual(now);
          now += 1000;
        }
      }),
    );
  });

  it("gives priorities that fit 32 bits until 2042", () => {
    expect(priorityOf(Date.UTC(2042, 0, 1))).toBeGreaterThan(-(2 ** 31));
    expect(priorityOf(START)).toBeGreaterThan(priorityOf(START + 1000));
  });
});
