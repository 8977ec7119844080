import { describe, expect, it } from "vitest";
import { createPace } from "./pace.ts";

describe("createPace", () => {
  it("gives way only after work that took long, and then starts anew", async () => {
    let now = 0;
    const breathe = createPace({ now: () => now });
    now = 1;
    expect(breathe()).toBeUndefined();
    now = 5;
    await expect(breathe()).resolves.toBeUndefined();
    now = 6;
    expect(breathe()).toBeUndefined();
  });

  it("waits for who is more urgent, and its own time begins behind that", async () => {
    let now = 0;
    const calm = Promise.withResolvers<void>();
    const breathe = createPace({ now: () => now, calm: () => calm.promise });
    now = 5;
    const waiting = breathe();
    const order: string[] = [];
    const done = Promise.resolve(waiting).then(() => order.push("went on"));
    await new Promise((resolve) => setImmediate(resolve));
    order.push("urgent");
    now = 50;
    calm.resolve();
    await done;
    expect(order).toEqual(["urgent", "went on"]);
    now = 51;
    expect(breathe()).toBeUndefined();
  });
});
