import { z } from "zod";
import { presentItem } from "../../../inbox/present-item.ts";
import { listItems } from "../../../inbox/read-feed.ts";
import { msQuery, pageNo, pageSize, pageStart, searchAfter, storeQuery } from "../../inbox-query.ts";
import { defineClientRoute } from "../surface.ts";
import { feedQuery, itemShape, ownFeed } from "./feed.ts";

/** Swift goes by the page numbers where they are there, so they are only where they were asked for. */
const meta = z
  .object({
    total_count: z.int().describe("Items of the store, on all pages."),
    has_more: z.boolean(),
    seq: z.number().describe("The feed's; `changes` after it are those that this page does not have."),
    current_page: z.int().optional(),
    total_pages: z.int().optional(),
  })
  .meta({ examples: [{ total_count: 4, has_more: true, seq: 1_795_195_264_511 }] });

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/notifications/",
  summary: "List the items of a feed, pinned ones first, then the newest",
  query: feedQuery.extend({
    page_size: pageSize(100),
    store: storeQuery,
    search_after: searchAfter,
    page_no: pageNo,
    before: msQuery.describe("With `page_no`: only items up to this time, the same one for all pages."),
  }),
  reply: { status: 200, body: z.object({ results: z.array(itemShape), meta }) },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    const { page_size, store } = query;
    const feed = await ownFeed(context);
    const start = pageStart(query);
    const { items, total_count, has_more } = await listItems(db, feed, store, start, page_size);
    const pages =
      "page_no" in start
        ? { current_page: start.page_no, total_pages: Math.ceil(total_count / page_size) }
        : {};
    return { results: items.map(presentItem), meta: { total_count, has_more, seq: feed.seq, ...pages } };
  },
});
