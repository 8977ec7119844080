import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSlots, MAX_IN_LINE } from "./slots.ts";

/** The campaigns' lane, which has half of all. */
const LANE = 2;

/** Whether a promise has resolved by now, and to what. */
async function now<T>(promise: Promise<T>): Promise<T | "waits"> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return Promise.race([promise, Promise.resolve("waits" as const)]);
}

describe("a group whose calls hang", () => {
  it("leaves slots, and the loop goes on once it is stuck, for the others", async () => {
    let time = 0;
    const slots = createSlots(32, () => time);
    const dead = slots.enter(LANE, 100);
    const calls = Array.from({ length: 100 }, () => dead.take("dead"));
    const begun = await Promise.all(calls.map((call) => now(call)));
    expect(begun.filter((call) => call !== "waits")).toHaveLength(12);
    expect(await now(slots.capacity(LANE))).toBe("waits");
    time = 1001;
    expect(await now(slots.capacity(LANE))).toBeUndefined();
    expect(await now(slots.enter(LANE, 1).take("live"))).toBeTypeOf("function");
  });

  it("sends its further calls away once many wait", async () => {
    let time = 0;
    const slots = createSlots(32, () => time);
    const dead = slots.enter(LANE, MAX_IN_LINE + 30);
    for (let call = 0; call < 12 + MAX_IN_LINE; call++) void dead.take("dead");
    expect(await now(dead.take("dead"))).toBe("waits");
    time = 1001;
    expect(await now(dead.take("dead"))).toBeNull();
    expect(await now(dead.take("live"))).toBeTypeOf("function");
  });

  it("holds the loop back again when its calls end in time", async () => {
    let time = 0;
    const slots = createSlots(32, () => time);
    const job = slots.enter(LANE, 100);
    const calls = Array.from({ length: 100 }, () => job.take("slow"));
    const giveBack = await calls[0];
    time = 1500;
    expect(await now(slots.capacity(LANE))).toBeUndefined();
    giveBack?.();
    expect(await now(slots.capacity(LANE))).toBe("waits");
  });

  it("is served in its order, in turns with the others, when slots come back", async () => {
    const slots = createSlots(8);
    const job = slots.enter(LANE, 20);
    const first = await Promise.all([job.take("a"), job.take("a"), job.take("a")]);
    const order: string[] = [];
    const more = ["a1", "a2", "a3"].map(async (name) => {
      const giveBack = await job.take("a");
      order.push(name);
      return giveBack;
    });
    const other = await job.take("b");
    const waiting = ["b1", "b2"].map(async (name) => {
      const giveBack = await job.take("b");
      order.push(name);
      return giveBack;
    });
    for (const giveBack of [...first, other]) giveBack?.();
    for (const call of [...more, ...waiting]) (await call)?.();
    expect(order.filter((name) => name.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
    expect(order.indexOf("b1")).toBeLessThan(order.indexOf("a3"));
  });
});

describe("a lane", () => {
  it("takes on no more than its slots until those are in use, and calls that are never made count no longer", async () => {
    const slots = createSlots(8);
    const job = slots.enter(LANE, 4);
    expect(await now(slots.capacity(LANE))).toBe("waits");
    job.leave();
    expect(await now(slots.capacity(LANE))).toBeUndefined();
  });

  it("has all its slots back, and nobody waiting, whatever came in which order", async () => {
    const calls = fc.array(fc.record({ group: fc.constantFrom("", "a", "b", "c"), hold: fc.nat(3) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(calls, async (asked) => {
        const slots = createSlots(16);
        let used = 0;
        let most = 0;
        const job = slots.enter(LANE, asked.length);
        await Promise.all(
          asked.map(async ({ group, hold }) => {
            const giveBack = await job.take(group === "" ? undefined : group);
            most = Math.max(most, ++used);
            for (let turn = 0; turn < hold; turn++) await Promise.resolve();
            used--;
            giveBack?.();
          }),
        );
        job.leave();
        expect(most).toBeLessThanOrEqual(8);
        expect(used).toBe(0);
        const again = slots.enter(LANE, 8);
        const all = Array.from({ length: 8 }, () => again.take());
        expect(await now(Promise.all(all))).toHaveLength(8);
      }),
    );
  });
});
