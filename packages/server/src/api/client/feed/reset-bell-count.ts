import { defineClientRoute } from "../surface.ts";
import { acted, actedShape, feedQuery, ownFeed } from "./feed.ts";

export default defineClientRoute({
  method: "PATCH",
  path: "/v1/feed/reset_bell_count/",
  summary: "Open the bell of a feed: its badge counts what comes from now on",
  query: feedQuery,
  reply: { status: 200, body: actedShape },
  errors: ["validation_error"],
  async handle(context) {
    const { db, services } = context;
    return acted(await services.feedActions.openBell(db, await ownFeed(context)));
  },
});
