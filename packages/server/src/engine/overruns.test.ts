import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../core/handlebars/engine.ts";
import { createJqEngine } from "../core/jq.ts";
import { createJsonnetEngine } from "../core/jsonnet/engine.ts";
import { createExpressions } from "./expressions.ts";
import { createOverruns } from "./overruns.ts";

describe("an expression", () => {
  it("is refused for a minute once it was too slow three times, and then tried again", () => {
    let now = 0;
    const overruns = createOverruns(() => now);
    for (const ms of [400, 3, 400]) overruns.took("slow", ms);
    expect(overruns.refusal("slow")).toBeNull();
    overruns.took("slow", 100);
    expect(overruns.refusal("slow")).toBe(
      "took longer than 100 ms 3 times; it is not tried again for a minute",
    );
    expect(overruns.refusal("another")).toBeNull();
    now = 60_000;
    expect(overruns.refusal("slow")).toBeNull();
  });

  it("that was slow now and then is not", () => {
    let now = 0;
    const overruns = createOverruns(() => now);
    for (; now < 600_000; now += 61_000) overruns.took("slow", 400);
    expect(overruns.refusal("slow")).toBeNull();
  });

  it("in Jsonnet that uses all its time ends as an error, and others go on", () => {
    const expressions = createExpressions({
      jq: createJqEngine(),
      jsonnet: createJsonnetEngine({ steps: 1e12, time: 120 }),
      handlebars: createTemplateEngine({ strict: false, escape: false }),
    });
    const endless = "local f(n) = if n == 0 then 0 else f(n - 1) tailstrict; f(1e15)";
    const reasons = [1, 2, 3, 4].map(() => expressions.evaluate("jsonnet", endless, {}));
    expect(reasons.every(({ ok }) => !ok)).toBe(true);
    expect(reasons.at(-1)).toMatchObject({ reason: expect.stringContaining("not tried again") });
    expect(expressions.evaluate("jsonnet", "1 + 1", {})).toEqual({ ok: true, value: 2 });
  });
});
