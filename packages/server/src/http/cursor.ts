import { type SelectQueryBuilder, sql } from "kysely";
import { z } from "zod";
import { countRows } from "../db/count-rows.ts";

/**
 * Cursor pagination: newest first by id, which is a ULID. `after` selects rows older than a cursor, `before` the page
 * of rows just newer than it; if both are given, `after` wins. Cursors are opaque to clients and are row ids.
 */
export interface Cursor {
  limit: number;
  after: string | null;
  before: string | null;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1000;
/** `count` stops here for unbounded lists: an exact total of millions is not worth reading them. */
export const MAX_COUNT = 100_000;
/** The same for logs, which are read on and on: each page counts again. */
export const MAX_LOG_COUNT = 10_000;
/** A page ends before the row that would make it larger, in characters of JSON. */
const PAGE_UNITS = 4 * 1024 * 1024;
/** Rows that are read before anything is known of their size. */
const FIRST_PORTION = 25;
const cursorText = z.string().max(255).optional().describe("Opaque; from the `meta` of another page.");

/** The query parameters of every list with cursors; a limit outside 1 to 1000 is clamped. */
export const cursorShape = {
  limit: z
    .string()
    .regex(/^-?\d{1,9}$/, "must be an integer")
    .transform((text) => Math.min(Math.max(Number(text), 1), MAX_LIMIT))
    .optional()
    .describe("Rows in a page: 1 to 1000, 10 if absent."),
  after: cursorText,
  before: cursorText,
};

export function toCursor(query: {
  limit?: number | undefined;
  after?: string | undefined;
  before?: string | undefined;
}): Cursor {
  return { limit: query.limit ?? DEFAULT_LIMIT, after: query.after || null, before: query.before || null };
}

/** The rows that a page reads from its table: `limit` rows with ids beyond a bound, in the given order. */
export interface Slice {
  older_than: string | null;
  newer_than: string | null;
  order: "desc" | "asc";
  limit: number;
}

/** The slice of a list that is read the other way round. */
function oldestFirst({ older_than, newer_than, order, limit }: Slice): Slice {
  return {
    older_than: newer_than,
    newer_than: older_than,
    order: order === "desc" ? "asc" : "desc",
    limit,
  };
}

/** Reads a slice of the rows that a query selects; `column` holds their ids. */
export function readSlice<DB, Table extends keyof DB, Row>(
  rows: SelectQueryBuilder<DB, Table, Row>,
  column: string,
  { older_than, newer_than, order, limit }: Slice,
): Promise<Row[]> {
  const id = sql.ref<string>(column);
  return rows
    .$if(older_than !== null, (select) => select.where(id, "<", older_than ?? ""))
    .$if(newer_than !== null, (select) => select.where(id, ">", newer_than ?? ""))
    .orderBy(id, order)
    .limit(limit)
    .execute();
}

export interface PageOptions {
  /** All matches, whatever the cursor; absent: the rows are counted. */
  count?: (() => Promise<number>) | undefined;
  /** The list is read the other way round. */
  is_oldest_first?: boolean;
}

/** One page of the rows that a query selects, as `readPage` cuts it; `column` holds their ids. */
export function pageFrom<DB, Table extends keyof DB, Row extends { id: string }>(
  rows: SelectQueryBuilder<DB, Table, Row>,
  column: string,
  cursor: Cursor,
  { count = () => countRows(rows), is_oldest_first = false }: PageOptions = {},
): Promise<Page<Row>> {
  return readPage(
    cursor,
    (slice) => readSlice(rows, column, is_oldest_first ? oldestFirst(slice) : slice),
    count,
  );
}

export const cursorMeta = z.object({
  count: z.number(),
  limit: z.number(),
  has_prev: z.boolean(),
  before: z.string().nullable(),
  has_next: z.boolean(),
  after: z.string().nullable(),
});

export interface Page<Row> {
  rows: Row[];
  meta: z.output<typeof cursorMeta>;
}

/**
 * Reads one page, plus one row more to learn whether there are further ones in its direction, and one row in the other
 * direction. `count` returns all matches, whatever the cursor. A page whose rows are large ends before its limit: rows
 * are read in portions, and what `read` returns is what is weighed.
 */
export async function readPage<Row extends { id: string }>(
  cursor: Cursor,
  read: (slice: Slice) => Promise<Row[]>,
  count: () => Promise<number>,
): Promise<Page<Row>> {
  const { limit, after, before } = cursor;
  const backwards = after === null && before !== null;
  const { rows, hasMore } = await readPortions(
    {
      older_than: after,
      newer_than: backwards ? before : null,
      order: backwards ? "asc" : "desc",
      limit,
    },
    read,
  );
  if (backwards) rows.reverse();
  const hasOther = after === null && before === null ? false : await hasBehind(cursor, rows, read);
  const [has_prev, has_next] = backwards ? [hasMore, hasOther] : [hasOther, hasMore];
  return {
    rows,
    meta: {
      count: await count(),
      limit,
      has_prev,
      before: has_prev ? (rows[0]?.id ?? after) : null,
      has_next,
      after: has_next ? (rows.at(-1)?.id ?? before) : null,
    },
  };
}

async function readPortions<Row extends { id: string }>(
  slice: Slice,
  read: (slice: Slice) => Promise<Row[]>,
): Promise<{ rows: Row[]; hasMore: boolean }> {
  const { limit, order } = slice;
  const rows: Row[] = [];
  let units = 0;
  let portion = FIRST_PORTION;
  for (;;) {
    const last = rows.at(-1)?.id;
    const beyond = last === undefined ? {} : order === "desc" ? { older_than: last } : { newer_than: last };
    const wanted = Math.min(portion, limit + 1 - rows.length);
    const found = await read({ ...slice, ...beyond, limit: wanted });
    for (const row of found) {
      const size = JSON.stringify(row).length;
      if (rows.length === limit || (rows.length > 0 && units + size > PAGE_UNITS))
        return { rows, hasMore: true };
      rows.push(row);
      units += size;
    }
    if (found.length < wanted) return { rows, hasMore: false };
    // As many as would fit if they were like the ones before, and not many more than those.
    const fitting = Math.ceil(((PAGE_UNITS - units) / units) * rows.length);
    portion = Math.min(2 * portion, Math.max(1, fitting));
  }
}

/** Whether there are rows on the opposite side of the page. */
async function hasBehind<Row extends { id: string }>(
  { after, before }: Cursor,
  rows: Row[],
  read: (slice: Slice) => Promise<Row[]>,
): Promise<boolean> {
  const slice: Slice =
    after === null
      ? { older_than: rows.at(-1)?.id ?? before, newer_than: null, order: "desc", limit: 1 }
      : { older_than: null, newer_than: rows[0]?.id ?? after, order: "asc", limit: 1 };
  return (await read(slice)).length > 0;
}
