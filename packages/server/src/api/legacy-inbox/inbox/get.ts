import { z } from "zod";
import { findFeedOfItem } from "../../../inbox/feeds.ts";
import { presentLegacyItem } from "../../../inbox/present-item.ts";
import { findItem } from "../../../inbox/read-feed.ts";
import { itemNotFound, itemParams } from "../../client/feed/feed.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { legacyItemShape, subscriberOf, subscriberQuery } from "./inbox.ts";

export default defineLegacyInboxRoute({
  method: "GET",
  path: "/notification/:n_id/",
  summary: "Get an item of an inbox",
  params: itemParams,
  query: subscriberQuery,
  // js-inbox 2.3: the item is in `data` here, and nowhere else.
  reply: { status: 200, body: z.object({ data: legacyItemShape }) },
  errors: ["validation_error", "not_found"],
  async handle(context) {
    const { params, db } = context;
    const feed = await findFeedOfItem(db, subscriberOf(context), params.n_id);
    const item = feed === null ? null : await findItem(db, feed, params.n_id);
    if (item === null) throw itemNotFound(params.n_id);
    return { data: presentLegacyItem(item) };
  },
});
