import { describe, expect, it } from "vitest";
import { createPace } from "./pace.ts";

describe("createPace", () => {
  it("gives way only after work that took long, and then starts anew", async () => {
    let now = 0;
    const breathe = createPace(() => now);
    now = 3;
    expect(breathe()).toBeUndefined();
    now = 5;
    await expect(breathe()).resolves.toBeUndefined();
    now = 8;
    expect(breathe()).toBeUndefined();
  });
});
