import { describe, expect, it } from "vitest";
import { statusMetric } from "./success-metric.ts";

describe("a status metric", () => {
  it.each([
    ["delivered", "delivered"],
    ["seen", "seen"],
    ["interaction", "interaction"],
    ["interacted", "interaction"],
    ["click", "interaction"],
    ["clicked", "interaction"],
    ["Seen", null],
    ["", null],
    ["constructor", null],
    ["__proto__", null],
  ])("called %j is %j", (name, metric) => {
    expect(statusMetric(name)).toBe(metric);
  });
});
