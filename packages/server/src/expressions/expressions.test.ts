import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { boundJq } from "./bounded-jq.ts";
import { createExpressions, type Language } from "./expressions.ts";

const expressions = createExpressions({
  jq: boundJq(createJqEngine()),
  jsonnet: createJsonnetEngine(),
  handlebars: createTemplateEngine({ strict: false, escape: false }),
});
const SUMMER = new Date("2026-07-16T12:00:00.500Z");
const LONG_AGO = new Date("1969-12-30T00:00:00.750Z");

describe("the time of an expression", () => {
  it.each<[Language, string, Date, unknown]>([
    ["jq", "now", SUMMER, SUMMER.getTime() / 1000],
    ["jq", "now", LONG_AGO, LONG_AGO.getTime() / 1000],
    ["jq", "now + 3600 | todate", SUMMER, "2026-07-16T13:00:00Z"],
    ["jq", 'if (.at | fromdate) > now then "later" else "past" end', SUMMER, "later"],
    ["jq", 'if (.at | fromdate) > now then "later" else "past" end', new Date("2027-01-01"), "past"],
    ["handlebars", '{{datetime-format "now" "YYYY-MM-DD"}}', SUMMER, "2026-07-16"],
  ])("in %s, %s at %o, is the workspace's", (language, source, now, value) => {
    const context = { at: "2026-08-01T00:00:00Z" };
    expect(expressions.evaluate(1, language, source, context, now)).toEqual({ ok: true, value });
  });

  it("is that of each evaluation, whatever was evaluated before", () => {
    const years = [SUMMER, LONG_AGO, SUMMER].map((now) =>
      expressions.evaluateAll(1, "now | gmtime[0], (now | gmtime[0])", {}, now),
    );
    expect(years).toEqual([2026, 1969, 2026].map((year) => ({ ok: true, values: [year, year] })));
  });
});
