import { z } from "zod";
import { presentLegacyItem } from "../../../inbox/present-item.ts";
import { listItems } from "../../../inbox/read-feed.ts";
import { msQuery, pageNo, pageSize, storeQuery } from "../../inbox-query.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { legacyItemShape, subscriberFeed, subscriberQuery } from "./inbox.ts";

export default defineLegacyInboxRoute({
  method: "GET",
  path: "/notifications/",
  summary: "List the items of an inbox, by the number of the page",
  query: subscriberQuery.extend({
    page_no: pageNo,
    page_size: pageSize(100),
    before: msQuery.describe("Only items up to this time, the same one for all pages."),
    store: storeQuery,
  }),
  reply: {
    status: 200,
    body: z.object({
      results: z.array(legacyItemShape),
      meta: z.object({ current_page: z.int(), total_pages: z.int() }),
    }),
  },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    const { page_size, store, before } = query;
    const page_no = Math.max(query.page_no, 1);
    const feed = await subscriberFeed(context, query.tenant_id);
    const start = { page_no, before: before === 0 ? null : new Date(before) };
    const { items, total_count } = await listItems(db, feed, store, start, page_size);
    return {
      results: items.map(presentLegacyItem),
      meta: { current_page: page_no, total_pages: Math.ceil(total_count / page_size) },
    };
  },
});
