import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import type { JsonObject } from "../core/json.ts";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { boundJq } from "./bounded-jq.ts";
import { createContentEngines } from "./content-engines.ts";
import { createExpressions, type Language } from "./expressions.ts";
import { createOverruns } from "./overruns.ts";

const NOW = new Date("2026-07-16T12:00:00Z");

const expressions = (jq = boundJq(createJqEngine(), { max_ms: 60 })) =>
  createExpressions({
    jq,
    jsonnet: createJsonnetEngine({ steps: 1e12, time: 60 }),
    handlebars: createTemplateEngine({ strict: false, escape: false }),
    content: createContentEngines(),
  });

describe("an expression", () => {
  it("is refused for a minute once it failed slowly three times, and then tried again", () => {
    let now = 0;
    const overruns = createOverruns(() => now);
    for (const ms of [400, 3, 400]) overruns.failed(1, "slow", ms);
    expect(overruns.refusal(1, "slow")).toBeNull();
    overruns.failed(1, "slow", 100);
    expect(overruns.refusal(1, "slow")).toBe("took too long 3 times; it is not tried again for a minute");
    expect(overruns.refusal(1, "another")).toBeNull();
    now = 60_000;
    expect(overruns.refusal(1, "slow")).toBeNull();
  });

  it("that fails slowly now and then is not", () => {
    let now = 0;
    const overruns = createOverruns(() => now);
    for (; now < 600_000; now += 61_000) overruns.failed(1, "slow", 400);
    expect(overruns.refusal(1, "slow")).toBeNull();
  });

  it("is refused in its own workspace only, and other failures do not reset it", () => {
    const overruns = createOverruns(() => 0);
    for (let turn = 0; turn < 3; turn++) overruns.failed(1, "slow", 400);
    expect(overruns.refusal(2, "slow")).toBeNull();
    for (let other = 0; other < 1000; other++) overruns.failed(2, `slow ${other}`, 400);
    expect(overruns.refusal(1, "slow")).not.toBeNull();
  });

  it.each<[Language, string, string]>([
    ["jq", "until(false; .)", "1 + 1"],
    ["jsonnet", "local f(n) = if n == 0 then 0 else f(n - 1) tailstrict; f(1e15)", "1 + 1"],
  ])("in %s that uses all its time ends as an error, and others go on", (language, endless, quick) => {
    const { evaluate, evaluateAll } = expressions();
    const reasons = [1, 2, 3, 4].map(() => evaluate(1, language, endless, {}, NOW));
    expect(reasons.every(({ ok }) => !ok)).toBe(true);
    expect(reasons.at(-1)).toMatchObject({ reason: expect.stringContaining("not tried again") });
    expect(evaluate(1, language, quick, {}, NOW)).toEqual({ ok: true, value: 2 });
    expect(evaluate(2, language, endless, {}, NOW)).not.toMatchObject({
      reason: expect.stringContaining("not tried again"),
    });
    expect(evaluateAll(1, endless, {}, NOW)).toMatchObject({ ok: false });
  });

  it("that is slow and comes to a value is evaluated again and again", () => {
    const jq = createJqEngine();
    const slowly = (expression: string, input: JsonObject) => {
      const begun = performance.now();
      while (performance.now() - begun < 30) continue;
      return jq.evaluate(expression, input);
    };
    const { evaluate } = expressions({ ...jq, evaluate: slowly });
    for (let turn = 0; turn < 5; turn++)
      expect(evaluate(1, "jq", "1 + 1", {}, NOW)).toEqual({ ok: true, value: 2 });
    const reasons = [1, 2, 3, 4].map(() => evaluate(1, "jq", "error", {}, NOW));
    expect(reasons.at(-1)).toMatchObject({ reason: expect.stringContaining("not tried again") });
  });
});
