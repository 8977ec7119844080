import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FilterField, filtersOf, parseQuery, SINCE, sinceInstant, writeQuery } from "./filters.ts";

const FIELDS: FilterField[] = [
  { name: "status", choices: ["completed", "failed"] },
  { name: "recipient" },
  { name: "workflow" },
  SINCE,
];

describe("the search of a log", () => {
  it.each([
    ["", {}],
    ["status:failed", { status: "failed" }],
    ["  status:failed   recipient:ada@example.com ", { status: "failed", recipient: "ada@example.com" }],
    ['recipient:"Ada L" workflow:order', { recipient: "Ada L", workflow: "order" }],
    [String.raw`recipient:"a \"b\" \\ c"`, { recipient: String.raw`a "b" \ c` }],
    ["since:2h", { since: "2h" }],
    ["since:2026-11-30T10:00:00Z", { since: "2026-11-30T10:00:00Z" }],
    ["recipient:team/core", { recipient: "team/core" }],
    ["recipient:a:b", { recipient: "a:b" }],
  ])("reads %j", (text, filters) => {
    expect(parseQuery(text, FIELDS)).toEqual({ filters, errors: [] });
  });

  it.each([
    ["colour:red", "unknown", "colour:red"],
    ["status:lost", "choice", "status:lost"],
    ["since:soon", "shape", "since:soon"],
    ["ada", "bare", "ada"],
    ['"ada l"', "bare", '"ada l"'],
    ["status:failed status:completed", "twice", "status:completed"],
    ["status:", "empty", "status:"],
    ["recipient:ada status: workflow:x", "empty", "status:"],
  ])("refuses %j as %s, at its place", (text, kind, token) => {
    const { errors } = parseQuery(text, FIELDS);
    expect(errors).toEqual([{ token, kind, expected: expect.stringMatching(/\w/) as string }]);
  });

  it("is written so that it reads back as what it was", () => {
    const value = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(fc.record({ recipient: value, workflow: value }), (filters) => {
        expect(parseQuery(writeQuery(filters, FIELDS), FIELDS)).toEqual({ filters, errors: [] });
        const search = new URLSearchParams(filters);
        expect(filtersOf(search, FIELDS)).toEqual(filters);
      }),
    );
  });
});

describe("since", () => {
  const now = Date.UTC(2026, 10, 30, 12, 0, 30);

  it.each([
    ["30m", "2026-11-30T11:30:00.000Z"],
    ["2h", "2026-11-30T10:00:00.000Z"],
    ["7d", "2026-11-23T12:00:00.000Z"],
    ["2026-11-30T10:00:00+01:00", "2026-11-30T09:00:00.000Z"],
    ["2h30m", null],
    ["yesterday", null],
    ["2026-11-30", null],
    ["2026-13-45T99:99", null],
  ])("%s is %s", (value, instant) => {
    expect(sinceInstant(value, now)).toBe(instant);
  });
});
