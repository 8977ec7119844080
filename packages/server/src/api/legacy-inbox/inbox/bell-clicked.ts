import { defineLegacyInboxRoute } from "../surface.ts";
import { DONE, doneShape, subscriberBody, subscriberFeed } from "./inbox.ts";

export default defineLegacyInboxRoute({
  method: "POST",
  path: "/bell-clicked/",
  summary: "Open the bell of an inbox: its count is that of what comes from now on",
  body: subscriberBody,
  reply: { status: 200, body: doneShape },
  errors: ["validation_error", "bad_json"],
  async handle(context) {
    const { body, db, services } = context;
    const feed = await subscriberFeed(context, body.tenant_id);
    await services.feedActions.openBell(db, feed);
    return DONE;
  },
});
