import { presentLegacyItem } from "../../../inbox/present-item.ts";
import { itemsBetween } from "../../../inbox/read-feed.ts";
import { msQuery } from "../../inbox-query.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { countUnread, POLLED, polledShape, subscriberFeed, subscriberQuery } from "./inbox.ts";

/** react-inbox 1.3 asks every twenty seconds. */
export default defineLegacyInboxRoute({
  method: "GET",
  path: "/fetch/",
  summary: "Poll the items of an inbox that came after a time",
  query: subscriberQuery.extend({ after: msQuery.describe("Milliseconds since 1970.") }),
  reply: { status: 200, body: polledShape },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    const feed = await subscriberFeed(context, query.tenant_id);
    const items = await itemsBetween(db, feed, { after: new Date(query.after), upTo: null }, POLLED);
    return { results: items.map(presentLegacyItem), unread: await countUnread(db, feed) };
  },
});
