import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Cursor, cursorShape, type Page, readPage, type Slice, toCursor } from "./cursor.ts";

interface Row {
  id: string;
  body?: string;
}

/** A table in memory. */
function tableOf(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => ({ id: String(n).padStart(6, "0") }));
}

function pageOf(rows: Row[], cursor: Partial<Cursor>): Promise<Page<Row>> {
  const read = async ({ older_than, newer_than, order, limit }: Slice) =>
    rows
      .filter(
        ({ id }) => (older_than === null || id < older_than) && (newer_than === null || id > newer_than),
      )
      .sort((a, b) => (order === "asc" ? 1 : -1) * (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  return readPage({ limit: 10, after: null, before: null, ...cursor }, read, async () => rows.length);
}

const ids = (page: Page<Row>) => page.rows.map(({ id }) => Number(id));

describe("readPage", () => {
  const rows = tableOf(5);

  it.each([
    ["the first page", {}, [4, 3], { has_prev: false, before: null, has_next: true, after: "000003" }],
    [
      "the page after a cursor",
      { after: "000003" },
      [2, 1],
      { has_prev: true, before: "000002", has_next: true, after: "000001" },
    ],
    [
      "the last page",
      { after: "000001" },
      [0],
      { has_prev: true, before: "000000", has_next: false, after: null },
    ],
    [
      "the page just before a cursor",
      { before: "000001" },
      [3, 2],
      { has_prev: true, before: "000003", has_next: true, after: "000002" },
    ],
    [
      "the page before the second",
      { before: "000002" },
      [4, 3],
      { has_prev: false, before: null, has_next: true, after: "000003" },
    ],
    [
      "after, where both are given",
      { after: "000003", before: "000000" },
      [2, 1],
      { has_prev: true, has_next: true },
    ],
    [
      "nothing after the oldest, with a way back",
      { after: "000000" },
      [],
      { has_prev: true, before: "000000", has_next: false, after: null },
    ],
    [
      "nothing before the newest, with a way on",
      { before: "000004" },
      [],
      { has_prev: false, before: null, has_next: true, after: "000004" },
    ],
    [
      "everything beyond a cursor that is no row",
      { after: "zzz" },
      [4, 3],
      { has_prev: false, has_next: true },
    ],
  ] as const)("gives %s", async (_title, cursor, expected, meta) => {
    const page = await pageOf(rows, { limit: 2, ...cursor });
    expect(ids(page)).toEqual(expected);
    expect(page.meta).toMatchObject({ count: 5, limit: 2, ...meta });
  });

  it("gives an empty table one empty page", async () => {
    const page = await pageOf([], {});
    expect(page).toEqual({
      rows: [],
      meta: { count: 0, limit: 10, has_prev: false, before: null, has_next: false, after: null },
    });
  });

  it("passes every row once on the way to the oldest, and once on the way back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 12 }),
        async (count, limit) => {
          const table = tableOf(count);
          const newestFirst = table.map((_row, n) => count - 1 - n);
          const seen: number[] = [];
          let page = await pageOf(table, { limit });
          let pages = 1;
          for (; page.meta.has_next; pages++) {
            seen.push(...ids(page));
            page = await pageOf(table, { limit, after: page.meta.after });
          }
          seen.push(...ids(page));
          expect(seen).toEqual(newestFirst);
          expect(pages).toBe(Math.max(1, Math.ceil(count / limit)));

          const back = [...ids(page)];
          while (page.meta.has_prev) {
            page = await pageOf(table, { limit, before: page.meta.before });
            back.unshift(...ids(page));
          }
          expect(back).toEqual(newestFirst);
        },
      ),
    );
  });
});

describe("a page of large rows", () => {
  const MIB = 1024 * 1024;
  const heavy = (sizes: readonly number[]) =>
    tableOf(sizes.length).map((row, n) => ({ ...row, body: "x".repeat(sizes[n] ?? 0) }));

  it("ends before the row that would make it too large, and goes on from there", async () => {
    const table = heavy([1, 5 * MIB, 3 * MIB, 2 * MIB, MIB, MIB, MIB]);
    const walked: number[][] = [];
    let page = await pageOf(table, { limit: 100 });
    while (page.meta.has_next) {
      walked.push(ids(page));
      page = await pageOf(table, { limit: 100, after: page.meta.after });
    }
    walked.push(ids(page));
    expect(walked).toEqual([[6, 5, 4], [3], [2], [1], [0]]);
    expect(ids(await pageOf(table, { limit: 100, before: "000002" }))).toEqual([4, 3]);
  });

  it("passes every row once on the way to the oldest, and once on the way back", async () => {
    const size = fc.oneof(
      fc.constant(10),
      fc.integer({ min: 1, max: 3 }).map((mib) => mib * MIB),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { maxLength: 80 }),
        fc.integer({ min: 1, max: 90 }),
        async (sizes, limit) => {
          const table = heavy(sizes);
          const newestFirst = table.map((_row, n) => table.length - 1 - n);
          let page = await pageOf(table, { limit });
          const seen = ids(page);
          while (page.meta.has_next) {
            page = await pageOf(table, { limit, after: page.meta.after });
            expect(page.rows.length).toBeGreaterThan(0);
            seen.push(...ids(page));
          }
          expect(seen).toEqual(newestFirst);
          const back = ids(page);
          while (page.meta.has_prev) {
            page = await pageOf(table, { limit, before: page.meta.before });
            back.unshift(...ids(page));
          }
          expect(back).toEqual(newestFirst);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("never reads much more than it shows", async () => {
    const table = heavy(Array.from({ length: 900 }, (_unused, n) => (n < 800 ? MIB / 4 : 10)));
    let most = 0;
    const read = async ({ older_than, limit }: Slice) => {
      const found = table
        .filter(({ id }) => older_than === null || id < older_than)
        .reverse()
        .slice(0, limit);
      most = Math.max(
        most,
        found.reduce((sum, { body }) => sum + body.length, 0),
      );
      return found;
    };
    await readPage({ limit: 1000, after: null, before: null }, read, async () => table.length);
    expect(most).toBeLessThan(60 * MIB);
  });
});

describe("the query of a list", () => {
  const schema = z.object(cursorShape);

  it.each([
    [{}, { limit: 10, after: null, before: null }],
    [
      { limit: "25", after: "x" },
      { limit: 25, after: "x", before: null },
    ],
    [
      { limit: "0", before: "y" },
      { limit: 1, after: null, before: "y" },
    ],
    [{ limit: "-5" }, { limit: 1, after: null, before: null }],
    [
      { limit: "5000", after: "", before: "" },
      { limit: 1000, after: null, before: null },
    ],
  ])("reads %j", (query, cursor) => {
    expect(toCursor(schema.parse(query))).toEqual(cursor);
  });

  it.each([
    { limit: "ten" },
    { limit: "1.5" },
    { limit: "" },
    { limit: ["1", "2"] },
    { after: "x".repeat(256) },
  ])("refuses %j", (query) => {
    expect(schema.safeParse(query).success).toBe(false);
  });
});
