import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesTags, parseTagFilter, type TagFilter } from "./tag-filter.ts";

function match(text: string, tags: string[]): boolean {
  const parsed = parseTagFilter(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return matchesTags(parsed.filter, tags);
}

describe("a filter by tags", () => {
  it.each<[string, string[], boolean]>([
    ["admin", ["admin", "sales"], true],
    ["admin", ["administrator"], false],
    ["admin", [], false],
    ['{"or":["admin","x"]}', ["x"], true],
    ['{"or":["admin","x"]}', ["y"], false],
    ['{"and":["admin","x"]}', ["x", "admin"], true],
    ['{"and":["admin","x"]}', ["x"], false],
    ['{"not":"admin"}', [], true],
    ['{"not":"admin"}', ["admin"], false],
    ['{"exists":true}', ["a"], true],
    ['{"exists":true}', [], false],
    ['{"exists":false}', [], true],
    ['{"or":[{"and":["admin","sales"]},{"not":{"exists":true}}]}', ["admin"], false],
    ['{"or":[{"and":["admin","sales"]},{"not":{"exists":true}}]}', ["admin", "sales"], true],
    ['{"or":[{"and":["admin","sales"]},{"not":{"exists":true}}]}', [], true],
    ["[", ["["], true],
  ])("%s on %j is %j", (text, tags, expected) => {
    expect(match(text, tags)).toBe(expected);
  });

  it.each([
    "{",
    "{}",
    '{"or":"a"}',
    '{"or":[]}',
    '{"or":[1]}',
    '{"or":["a"],"and":["b"]}',
    '{"not":["a"]}',
    '{"exists":"true"}',
    '{"xor":["a","b"]}',
    '{"__proto__":["a"]}',
    '{"not":'.repeat(11) + '"a"' + "}".repeat(11),
    '{"or":['.repeat(3000) + '"a"' + "]}".repeat(3000),
  ])("refuses %.40s", (text) => {
    const parsed = parseTagFilter(text);
    expect(parsed.ok ? parsed.filter : parsed.reason).toMatch(/must be a tag, or JSON like/);
  });

  it("means what its operators mean, however they are nested", () => {
    const { filter } = fc.letrec<{ filter: TagFilter }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("a", "b", "c"),
        fc.record({ exists: fc.boolean() }),
        fc.record({ not: tie("filter") }),
        fc.record({ or: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ and: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }) }),
      ),
    }));
    const tags = fc.uniqueArray(fc.constantFrom("a", "b", "c"));
    fc.assert(
      fc.property(filter, filter, tags, (one, other, given) => {
        const holds = (some: TagFilter) =>
          match(typeof some === "string" ? some : JSON.stringify(some), given);
        expect(holds({ or: [one, other] })).toBe(holds(one) || holds(other));
        expect(holds({ not: { and: [one, other] } })).toBe(holds({ or: [{ not: one }, { not: other }] }));
        expect(holds({ not: { not: one } })).toBe(holds(one));
      }),
    );
  });
});
