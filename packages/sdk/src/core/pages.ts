/** One page of a list, as the wire has it. */
export interface Page<Item> {
  meta: {
    /** Of all pages. */
    count: number;
    limit: number;
    offset?: number;
    has_next?: boolean;
    has_prev?: boolean;
    /** What `after` takes for the next page. */
    after?: string | null;
    /** What `before` takes for the one before. */
    before?: string | null;
  };
  results: Item[];
}

/**
 * A list: iterate it for all items, page by page as they are needed, or read one page.
 *
 * @example
 * for await (const user of carillon.users.list()) console.log(user.distinct_id);
 */
export interface Paged<Item> extends AsyncIterable<Item> {
  /** The one page that the query asks for, with its cursors. */
  page: () => Promise<Page<Item>>;
}

interface Paging {
  after?: string | undefined;
  offset?: number | undefined;
}

/** `load` reads one page of the query it is given; the meta of the answer says which way it is paged. */
export function paged<Item, Query extends object>(
  query: Query,
  load: (query: Query & Paging) => Promise<Page<Item>>,
): Paged<Item> {
  return {
    page: () => load(query),
    async *[Symbol.asyncIterator]() {
      let next: Paging | null = {};
      while (next !== null) {
        const { meta, results }: Page<Item> = await load({ ...query, ...next });
        yield* results;
        next = following(meta, results.length);
      }
    },
  };
}

function following(
  { count, offset = 0, has_next, after }: Page<unknown>["meta"],
  seen: number,
): Paging | null {
  if (seen === 0) return null;
  if (has_next !== undefined) return has_next && typeof after === "string" ? { after } : null;
  return offset + seen < count ? { offset: offset + seen } : null;
}
