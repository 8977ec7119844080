import { defineClientRoute } from "../surface.ts";
import { acted, actedShape, feedQuery, MANY_MS, ownFeed, wholeStoreBody } from "./feed.ts";

export default defineClientRoute({
  method: "PATCH",
  path: "/v1/feed/archive_all/",
  summary: "Archive all items of a feed; with a store, only what that shows",
  query: feedQuery,
  body: wholeStoreBody,
  reply: { status: 200, body: actedShape },
  statement_ms: MANY_MS,
  errors: ["validation_error", "bad_json"],
  async handle(context) {
    const { body, db, services } = context;
    return acted(await services.feedActions.archiveAll(db, await ownFeed(context), body?.store ?? null));
  },
});
