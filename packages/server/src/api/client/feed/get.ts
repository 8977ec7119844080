import { presentItem } from "../../../inbox/present-item.ts";
import { findItem } from "../../../inbox/read-feed.ts";
import { defineClientRoute } from "../surface.ts";
import { feedQuery, itemNotFound, itemParams, itemShape, ownFeed } from "./feed.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/notifications/:n_id/",
  summary: "Get an item of a feed",
  params: itemParams,
  query: feedQuery,
  reply: { status: 200, body: itemShape },
  errors: ["validation_error", "not_found"],
  async handle(context) {
    const { params, db } = context;
    const item = await findItem(db, await ownFeed(context), params.n_id);
    if (item === null) throw itemNotFound(params.n_id);
    return presentItem(item);
  },
});
