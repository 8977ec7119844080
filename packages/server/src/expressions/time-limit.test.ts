import { describe, expect, it } from "vitest";
import { createTimeLimit } from "./time-limit.ts";

describe("a time limit", () => {
  const limit = createTimeLimit(30);
  const endless = () => {
    for (;;);
  };

  it("returns the result of the work, also when that is undefined", () => {
    expect(limit(() => [1])).toStrictEqual({ value: [1] });
    expect(limit(() => null)).toStrictEqual({ value: null });
  });

  it("interrupts endless work, and works again", () => {
    expect(limit(endless)).toBeNull();
    expect(limit(() => /^(a+)+$/u.test(`${"a".repeat(60)}!`))).toBeNull();
    expect(limit(() => "next")).toStrictEqual({ value: "next" });
  });

  it("cannot be prevented by work that catches everything", () => {
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

  it("passes on errors of the work unchanged", () => {
    const error = new RangeError("mine");
    const failing = () =>
      limit(() => {
        throw error;
      });
    expect(failing).toThrow(error);
  });
});
