import { describe, expect, it } from "vitest";
import { createRateLimit, type RateLimit, type RateLimitOptions } from "./rate-limit.ts";

function limit(options: Partial<RateLimitOptions> = {}): RateLimit & { pass: (ms: number) => void } {
  let time = 1_000_000;
  const made = createRateLimit({ name: "n", per_second: 10, burst_seconds: 1, now: () => time, ...options });
  if (made === null) throw new Error("there is a limit");
  return { ...made, pass: (ms) => (time += ms) };
}

describe("a rate limit", () => {
  it("lets a burst through, then one at a time as the bucket refills", () => {
    const { bucket, pass } = limit();
    const { wait_seconds, take } = bucket("ann");
    for (let count = 0; count < 10; count++) {
      expect(wait_seconds()).toBe(0);
      take(1);
    }
    expect(wait_seconds()).toBe(1);
    pass(99);
    expect(wait_seconds()).toBe(1);
    pass(1);
    expect(wait_seconds()).toBe(0);
    take(1);
    expect(wait_seconds()).toBe(1);
  });

  it("lets what costs more than is left through, and then waits until it is made up for", () => {
    const { bucket, pass } = limit();
    const { wait_seconds, take, remaining } = bucket("ann");
    take(100);
    expect([wait_seconds(), remaining()]).toEqual([10, '"n";r=0;t=10']);
    pass(9000);
    expect([wait_seconds(), remaining()]).toEqual([1, '"n";r=0;t=1']);
    pass(500);
    expect([wait_seconds(), remaining()]).toEqual([0, '"n";r=5;t=1']);
    pass(1000);
    expect([wait_seconds(), remaining()]).toEqual([0, '"n";r=10;t=0']);
  });

  it("counts each caller apart", () => {
    const { bucket } = limit({ per_second: 1 });
    bucket("ann").take(3);
    expect([bucket("ann").wait_seconds(), bucket("ben").wait_seconds()]).toEqual([3, 0]);
  });

  it("names the size of the bucket and its time", () => {
    expect(limit({ per_second: 50, burst_seconds: 10 }).policy).toBe('"n";q=500;w=10');
  });

  it("is none at a rate of zero", () => {
    expect(createRateLimit({ name: "n", per_second: 0, burst_seconds: 1 })).toBeNull();
  });
});
