import { countItems } from "../../../inbox/read-feed.ts";
import { countsShape, presentCounts, storesQuery } from "../../inbox-query.ts";
import { defineClientRoute } from "../surface.ts";
import { feedQuery, ownFeed } from "./feed.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/notifications_count/",
  summary: "Count what is new in a feed, and what is unread in each of some stores",
  query: feedQuery.extend({ stores: storesQuery }),
  reply: { status: 200, body: countsShape },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    return presentCounts(await countItems(db, await ownFeed(context), query.stores), "badge");
  },
});
