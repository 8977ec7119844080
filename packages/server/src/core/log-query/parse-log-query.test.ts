import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOG_FIELDS, LOG_NAMES } from "./fields.ts";
import { type LogQuery, parseLogQuery, printLogQuery } from "./parse-log-query.ts";

const good = (text: string, log: "request" | "execution" | "message" = "message"): LogQuery => {
  const parsed = parseLogQuery(text, log);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.query;
};

const problemsOf = (text: string, log: "request" | "execution" | "message" = "message") => {
  const parsed = parseLogQuery(text, log);
  return parsed.ok ? [] : parsed.problems;
};

const plain = (text: string) => ({ text, is_prefix: false });

describe("a query", () => {
  it("is filters, texts and a time span", () => {
    expect(
      good('status:failed channel:email,sms user:ada@x.example workflow:order-* since:2h "timed out" -key:a'),
    ).toMatchObject({
      filters: [
        {
          field: "status",
          values: ["trigger_failed", "failure_by_vendor", "delivery_failure"].map(plain),
          start: 0,
          end: 13,
        },
        { field: "channel", values: [plain("email"), plain("sms")] },
        { field: "user", values: [plain("ada@x.example")] },
        { field: "workflow", values: [{ text: "order-", is_prefix: true }] },
        { field: "key", values: [plain("a")], is_negated: true },
      ],
      texts: [{ text: "timed out", is_negated: false }],
      since: { ago_ms: 7_200_000 },
      until: null,
    });
  });

  it.each([
    ['key:"a b,c"', "a b,c"],
    [String.raw`key:"say \"hi\" \\ there"`, String.raw`say "hi" \ there`],
    ['key:"50*"', "50*"],
    ["key:a:b", "a:b"],
    ["KEY:a", "a"],
    ["key:😀", "😀"],
  ])("%s has the value %s", (text, value) => {
    expect(good(text).filters).toMatchObject([{ field: "key", values: [plain(value)] }]);
  });

  it.each([
    ["", 0],
    ["   ", 0],
    ["timed out", 2],
    ["-timeout", 1],
    ["a - b", 3],
    ["50%", 1],
  ])("%j has %i texts", (text, count) => expect(good(text).texts).toHaveLength(count));

  it.each([
    ["statuz:failed", 0, 13, "this log has no filter 'statuz'; there are: since, until"],
    ["a status:oops b", 2, 13, "status must be one of to_be_triggered"],
    ["since:yesterday", 0, 15, "since must be a time, such as 2h"],
    ["since:2h since:3h", 9, 17, "since is there twice"],
    ["-since:2h", 0, 9, "since takes no -"],
    ["since:1h,2h", 0, 11, "since takes one time"],
    ["key:", 0, 4, "key needs a value"],
    ["key:a,", 0, 6, "key needs a value"],
    ["user:a*", 0, 7, "user takes whole values"],
    ["workflow:*", 0, 10, "workflow needs something before the *"],
    ["workflow:a*b", 0, 12, "workflow takes a * only at the end"],
    ['x "open', 2, 7, "this quote is not closed"],
    ['"a"b', 3, 4, "leave a blank after the quote"],
    ['""', 0, 2, "a text must not be empty"],
    ["https://example.com", 0, 19, "Put quotes around a text with a colon"],
  ])("%j is refused at %i to %i", (text, start, end, message) => {
    expect(problemsOf(text)).toMatchObject([{ start, end, message: expect.stringContaining(message) }]);
  });

  it("is refused for each thing that is wrong, in the order of the text", () => {
    expect(problemsOf("a:1 b:2 c:3").map(({ start }) => start)).toEqual([0, 4, 8]);
    expect(problemsOf("x ".repeat(40))).toHaveLength(1);
    expect(problemsOf("x".repeat(2001))).toHaveLength(1);
  });

  it("of one log is refused by another that lacks the filter", () => {
    expect(problemsOf("vendor:smtp", "request")).toHaveLength(1);
    expect(problemsOf("api:event", "message")).toHaveLength(1);
    expect(problemsOf("api:event", "request")).toEqual([]);
  });

  it("never throws, and points into the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom(...LOG_NAMES), (text, log) => {
        for (const { start, end } of problemsOf(text, log)) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(start).toBeLessThanOrEqual(end);
        }
      }),
    );
  });

  it("is the same after it was printed and read again", () => {
    const value = fc.record({
      text: fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes("*")),
      is_prefix: fc.constant(false),
    });
    const span = { start: fc.constant(0), end: fc.constant(0) };
    const query = fc.record<LogQuery>({
      filters: fc.array(
        fc.record({
          ...span,
          field: fc.constantFrom("key", "workflow", "tenant", "user"),
          is_negated: fc.boolean(),
          values: fc.array(value, { minLength: 1, maxLength: 3 }),
        }),
        { maxLength: 4 },
      ),
      texts: fc.array(
        fc.record({
          ...span,
          text: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ""),
          is_negated: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      since: fc.constantFrom(null, { ago_ms: 60_000 }),
      until: fc.constantFrom(null, { at: new Date(1e12) }),
    });
    const bare = ({ filters, texts, ...rest }: LogQuery) => ({
      ...rest,
      filters: filters.map(({ field, is_negated, values }) => ({ field, is_negated, values })),
      texts: texts.map(({ text, is_negated }) => ({ text, is_negated })),
    });
    fc.assert(
      fc.property(query, (one) => {
        expect(bare(good(printLogQuery(one), "request"))).toEqual(bare(one));
      }),
    );
  });

  it("has help for every filter", () => {
    for (const fields of Object.values(LOG_FIELDS)) {
      for (const { help } of Object.values(fields)) expect(help).not.toBe("");
    }
  });
});
