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
    const { wait_seconds, take, pass } = limit();
    for (let count = 0; count < 10; count++) {
      expect(wait_seconds("ann")).toBe(0);
      take("ann", 1);
    }
    expect(wait_seconds("ann")).toBe(1);
    pass(99);
    expect(wait_seconds("ann")).toBe(1);
    pass(1);
    expect(wait_seconds("ann")).toBe(0);
    take("ann", 1);
    expect(wait_seconds("ann")).toBe(1);
  });

  it("lets what costs more than is left through, and then waits until it is made up for", () => {
    const { wait_seconds, take, pass, remaining } = limit();
    take("ann", 100);
    expect([wait_seconds("ann"), remaining("ann")]).toEqual([10, '"n";r=0;t=10']);
    pass(9000);
    expect([wait_seconds("ann"), remaining("ann")]).toEqual([1, '"n";r=0;t=1']);
    pass(500);
    expect([wait_seconds("ann"), remaining("ann")]).toEqual([0, '"n";r=5;t=1']);
    pass(1000);
    expect([wait_seconds("ann"), remaining("ann")]).toEqual([0, '"n";r=10;t=0']);
  });

  it("counts each caller apart", () => {
    const { wait_seconds, take } = limit({ per_second: 1 });
    take("ann", 3);
    expect([wait_seconds("ann"), wait_seconds("ben")]).toEqual([3, 0]);
  });

  it("names the size of the bucket and its time", () => {
    expect(limit({ per_second: 50, burst_seconds: 10 }).policy).toBe('"n";q=500;w=10');
  });

  it("is none at a rate of zero", () => {
    expect(createRateLimit({ name: "n", per_second: 0, burst_seconds: 1 })).toBeNull();
  });
});
