import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { percentile, stepOf } from "./latency.ts";

describe("percentile", () => {
  it("is null without calls", () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([{ latency_step: 3, calls: 0 }], 0.5)).toBeNull();
  });

  it("is within a tenth of the exact one, in the order of the calls or not", () => {
    const latencies = fc.array(fc.double({ min: 1.01, max: 60_000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(latencies, fc.constantFrom(0.5, 0.9, 0.99), (list, share) => {
        const sorted = list.toSorted((one, other) => one - other);
        const exact = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
        const counted = percentile(
          list.map((ms) => ({ latency_step: stepOf(ms), calls: 1 })),
          share,
        );
        expect(Math.abs((counted ?? 0) - exact)).toBeLessThan(Math.max(0.1 * exact + 0.51, 0.2));
      }),
    );
  });
});
