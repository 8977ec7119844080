import { z } from "zod";
import { countItems } from "../../../inbox/read-feed.ts";
import { presentCounts, storesQuery } from "../../inbox-query.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { subscriberFeed, subscriberQuery } from "./inbox.ts";

export default defineLegacyInboxRoute({
  method: "GET",
  path: "/notification_count/",
  summary: "Count what is new in an inbox, and what is unread in each of some stores",
  query: subscriberQuery.extend({ stores: storesQuery }),
  reply: {
    status: 200,
    body: z
      .record(z.string(), z.int())
      .describe("`ss_bell_count`: what came since the bell was opened.")
      .meta({ examples: [{ ss_bell_count: 2, mentions: 1 }] }),
  },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    const feed = await subscriberFeed(context, query.tenant_id);
    return presentCounts(await countItems(db, feed, query.stores), "ss_bell_count");
  },
});
