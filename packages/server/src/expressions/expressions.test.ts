import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { boundJq } from "./bounded-jq.ts";
import { createContentEngines } from "./content-engines.ts";
import { createExpressions, type Language, type TemplateLanguage } from "./expressions.ts";

const expressions = createExpressions({
  jq: boundJq(createJqEngine()),
  jsonnet: createJsonnetEngine(),
  handlebars: createTemplateEngine({ strict: false, escape: false }),
  content: createContentEngines(),
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

describe("what can never be rendered", () => {
  it.each<[TemplateLanguage, string, string | null]>([
    ["handlebars", "Hi {{name}}, {{#if a}}x{{else}}{{nobody 1}}{{/if}}", null],
    ["handlebars", "plain }}", null],
    ["handlebars", "Hi {{name", "Parse error on line 1:"],
    ["handlebars", "{{#if a}}x", "Parse error on line 1:"],
    ["handlebars", "{{#if a}}{{> footer}}{{/if}}", "The partial footer could not be found - 1:9"],
    ["handlebars", "Hi {{upper name}}", 'Missing helper: "upper" - 1:5'],
    ["handlebars", "{{#if (both a b)}}x{{/if}}", 'Missing helper: "both" - 1:7'],
    ["jsonnet", '{blocks: [t("hello", {name: data.name})]}', null],
    ["jsonnet", "{blocks: [", "expected an expression, found the end at 1:11"],
    ["jsonnet", "{blocks: [name]}", "unknown variable: name at 1:11"],
    // A workflow's setting may be either; a message may not.
    ["jsonnet", "https://example.com/x", 'expected the end, found ":" at 1:6'],
    ["jsonnet", '"a" + {{data.x}}', 'expected a field, found "{" at 1:8'],
  ])("in %s: %j is %j", (language, source, reason) => {
    const found = expressions.checkTemplate(language, source);
    expect(found?.split("\n")[0] ?? null).toBe(reason);
  });

  it.each<[Language, string, string | null]>([
    ["handlebars", "{{upper name}}", 'Missing helper: "upper" - 1:2'],
    ["jsonnet", 't("x")', "unknown variable: t at 1:1"],
    ["jsonnet", "https://example.com/x", null],
  ])("or evaluated as a setting in %s: %j is %j", (language, source, reason) => {
    expect(expressions.check(language, source)).toBe(reason);
  });
});
