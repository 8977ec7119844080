import { headerOf } from "../../../http/request.ts";
import { presentLegacyItem } from "../../../inbox/present-item.ts";
import { itemsBetween } from "../../../inbox/read-feed.ts";
import { msQuery } from "../../inbox-query.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { countUnread, POLLED, polledShape, subscriberFeed, subscriberQuery } from "./inbox.ts";

/** react-headless 1.2 has the times in headers; `ss-before: 0` means none. */
export default defineLegacyInboxRoute({
  method: "GET",
  path: "/fetch-notifications/",
  summary: "Poll the items of an inbox between the times of the headers ss-after and ss-before",
  query: subscriberQuery,
  reply: { status: 200, body: polledShape },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db, headers } = context;
    const feed = await subscriberFeed(context, query.tenant_id);
    const after = timeOf(headerOf(headers, "ss-after"));
    const before = timeOf(headerOf(headers, "ss-before"));
    const span = { after, upTo: before.getTime() === 0 ? null : before };
    const items = await itemsBetween(db, feed, span, POLLED);
    return { results: items.map(presentLegacyItem), unread: await countUnread(db, feed) };
  },
});

/** A header that is no number says nothing. */
function timeOf(text: string): Date {
  const parsed = msQuery.safeParse(text);
  return new Date(parsed.success ? parsed.data : 0);
}
