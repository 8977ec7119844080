import { describe, expect, it } from "vitest";
import { createPace } from "./pace.ts";

describe("createPace", () => {
  it("gives way only after long work, and then starts a new interval", async () => {
    let now = 0;
    const pause = createPace({ now: () => now });
    now = 1;
    expect(pause()).toBeUndefined();
    now = 5;
    await expect(pause()).resolves.toBeUndefined();
    now = 6;
    expect(pause()).toBeUndefined();
  });

  it("waits for more urgent work, and starts its own interval after that", async () => {
    let now = 0;
    const waitForUrgentWork = Promise.withResolvers<void>();
    const pause = createPace({ now: () => now, waitForUrgentWork: () => waitForUrgentWork.promise });
    now = 5;
    const waiting = pause();
    const order: string[] = [];
    const done = Promise.resolve(waiting).then(() => order.push("went on"));
    await new Promise((resolve) => setImmediate(resolve));
    order.push("urgent");
    now = 50;
    waitForUrgentWork.resolve();
    await done;
    expect(order).toEqual(["urgent", "went on"]);
    now = 51;
    expect(pause()).toBeUndefined();
  });
});
