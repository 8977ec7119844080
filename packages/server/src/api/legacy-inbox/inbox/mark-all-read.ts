import { MANY_MS } from "../../client/feed/feed.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { DONE, doneShape, subscriberBody, subscriberFeed } from "./inbox.ts";

export default defineLegacyInboxRoute({
  method: "POST",
  path: "/mark-all-read/",
  summary: "Read all items of an inbox",
  body: subscriberBody,
  reply: { status: 200, body: doneShape },
  statement_ms: MANY_MS,
  errors: ["validation_error", "bad_json"],
  async handle(context) {
    const { body, db, services } = context;
    const feed = await subscriberFeed(context, body.tenant_id);
    await services.feedActions.readAll(db, feed, null);
    return DONE;
  },
});
