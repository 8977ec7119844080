import { z } from "zod";
import { cursorFilter, wholeNumber } from "./filter-values.ts";

/**
 * Pagination by `limit` and `offset`, with `{meta, results}` in the answer: resources of the management API, and
 * tenants. Logs, which grow while they are read, are paged by `limit` and a cursor. Numbers outside the range are brought into it, as
 * clients of this API expect; what is no number is refused.
 */
const MAX_LIMIT = 1000;

function limitQuery(defaultLimit: number) {
  return wholeNumber
    .transform((text) => (Number(text) < 1 ? defaultLimit : Math.min(Number(text), MAX_LIMIT)))
    .default(defaultLimit)
    .describe(`Rows in a page: 1 to ${MAX_LIMIT}, ${defaultLimit} if absent or less.`);
}

/** The query fields of a list, to spread into its query schema. */
export function pagingQuery(defaultLimit: number) {
  return {
    limit: limitQuery(defaultLimit),
    offset: wholeNumber.transform((text) => Math.max(Number(text), 0)).default(0),
  };
}

/** The query fields of a log whose ids match `shape`; `readPage` reads the page. */
export function logPagingQuery(shape: RegExp) {
  return {
    limit: limitQuery(10),
    after: cursorFilter(shape),
    before: cursorFilter(shape),
  };
}

export interface Paging {
  limit: number;
  offset: number;
}

export interface Page<Item> {
  meta: { count: number; limit: number; offset: number };
  results: Item[];
}

/** `count` covers everything that matches, on all pages. */
export function toPage<Item>(results: Item[], count: number, { limit, offset }: Paging): Page<Item> {
  return { meta: { count, limit, offset }, results };
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    meta: z.object({ count: z.int(), limit: z.int(), offset: z.int() }),
    results: z.array(item),
  });
}
