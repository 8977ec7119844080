import { z } from "zod";

/**
 * Offset pagination of the management API: `limit` and `offset` in the query, `{meta, results}` in the answer.
 * Numbers outside the range are brought into it, as clients of this API expect; what is no number is refused.
 */
const MAX_LIMIT = 1000;

const wholeNumber = z
  .string()
  .regex(/^-?\d{1,15}$/, "must be a whole number")
  .transform(Number);

/** The query fields of a list, to spread into its query schema. */
export function pagingQuery(defaultLimit: number) {
  return {
    limit: wholeNumber
      .transform((limit) => (limit < 1 ? defaultLimit : Math.min(limit, MAX_LIMIT)))
      .default(defaultLimit),
    offset: wholeNumber.transform((offset) => Math.max(offset, 0)).default(0),
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

/** `count` is of everything that matches, on whatever page. */
export function toPage<Item>(results: Item[], count: number, { limit, offset }: Paging): Page<Item> {
  return { meta: { count, limit, offset }, results };
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    meta: z.object({ count: z.int(), limit: z.int(), offset: z.int() }),
    results: z.array(item),
  });
}
