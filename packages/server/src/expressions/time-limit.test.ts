import { describe, expect, it } from "vitest";
import { createTimeLimit } from "./time-limit.ts";

describe("a time limit", () => {
  const limit = createTimeLimit(30);
  const endless = () => {
    for (;;);
  };

  it("gives what the work gives, also when that is nothing", () => {
    expect(limit(() => [1])).toStrictEqual({ value: [1] });
    expect(limit(() => null)).toStrictEqual({ value: null });
  });

  it("breaks into work that does not end, and works on", () => {
    expect(limit(endless)).toBeNull();
    expect(limit(() => /^(a+)+$/u.test(`${"a".repeat(60)}!`))).toBeNull();
    expect(limit(() => "next")).toStrictEqual({ value: "next" });
  });

  it("cannot be talked out of it by work that catches everything", () => {
    const stubborn = () => {
      try {
        endless();
      } catch {
        endless();
      } finally {
        endless();
      }
    };
    expect(limit(stubborn)).toBeNull();
  });

  it("passes on what the work throws, as it is", () => {
    const error = new RangeError("mine");
    const failing = () =>
      limit(() => {
        throw error;
      });
    expect(failing).toThrow(error);
  });
});
