import { describe, expect, it } from "vitest";
import { z } from "zod";
import { textFilter, ULID } from "../filter-values.ts";
import { logPagingQuery, pagingQuery } from "../paging.ts";
import { modeQuery, ownQuery } from "./query.ts";

const messagesOf = (schema: z.ZodType, query: object) =>
  schema.safeParse(query).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

describe("a query of our own", () => {
  const query = ownQuery({ workflow: textFilter, limit: textFilter });

  it.each([
    [{ workflows: "a" }, ": unknown query parameter 'workflows'; there are: workflow, limit"],
    [
      { workflow: "a", constructor: "b", toString: "c" },
      ": unknown query parameter 'constructor', 'toString'; there are: workflow, limit",
    ],
    [JSON.parse('{"__proto__":"x"}'), ": unknown query parameter '__proto__'; there are: workflow, limit"],
    [{ ["x".repeat(1000)]: "" }, `: unknown query parameter '${"x".repeat(64)}'; there are: workflow, limit`],
  ])("names what it does not know, and what it knows: %j", (given: object, message) => {
    expect(messagesOf(query, given)).toStrictEqual([message]);
  });

  it("says so when it has no parameters", () => {
    expect(messagesOf(ownQuery({}), { full: "1" })).toStrictEqual([
      ": unknown query parameter 'full'; there are none",
    ]);
  });

  it("accepts what it knows", () => {
    expect(query.parse({ workflow: "a" })).toStrictEqual({ workflow: "a" });
  });
});

describe("pages", () => {
  const page = z.object(pagingQuery(20));
  const log = z.object(logPagingQuery(ULID));

  it.each([
    [{}, { limit: 20, offset: 0 }],
    [
      { limit: "", offset: "" },
      { limit: 20, offset: 0 },
    ],
    [
      { limit: "1", offset: "7" },
      { limit: 1, offset: 7 },
    ],
    [
      { limit: "0", offset: "-1" },
      { limit: 20, offset: 0 },
    ],
    [{ limit: "-1" }, { limit: 20, offset: 0 }],
    [{ limit: "999999999999" }, { limit: 1000, offset: 0 }],
  ])("have numbers brought into their range: %j", (given, expected) => {
    expect(page.parse(given)).toStrictEqual(expected);
  });

  it("of a log have the same limits, and cursors", () => {
    const after = "01HVXXXXXXXXXXXXXXXXXXXX01";
    expect(log.parse({})).toStrictEqual({ limit: 10 });
    expect(log.parse({ limit: "-1", after })).toStrictEqual({ limit: 10, after });
    expect(log.parse({ limit: "5000" })).toStrictEqual({ limit: 1000 });
  });

  it.each([
    [{ limit: "ten" }, "limit: must be a whole number"],
    [{ limit: "1.5" }, "limit: must be a whole number"],
    [{ limit: "1e3" }, "limit: must be a whole number"],
    [{ limit: "٣" }, "limit: must be a whole number"],
    [{ limit: ["1", "2"] }, "limit: must be given only once"],
    [
      { after: "01HVXXXXXXXXXXXXXXXXXXXX0!" },
      "after: is not a cursor of this list: take one from the `meta` of another page",
    ],
  ])("refuse what is none: %j", (given, message) => {
    expect(messagesOf(log, given)).toStrictEqual([message]);
  });
});

it("an invalid mode is refused with a list of the valid ones", () => {
  expect(messagesOf(z.object(modeQuery), { mode: "LIVE" })).toStrictEqual([
    "mode: must be one of ['draft' 'live']",
  ]);
});
