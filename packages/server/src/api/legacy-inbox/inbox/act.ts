import { z } from "zod";
import { TRACKING_EVENTS } from "../../../core/event-record.ts";
import { findFeedOfItem } from "../../../inbox/feeds.ts";
import { oneOf } from "../../filter-values.ts";
import { itemNotFound, itemParams } from "../../client/feed/feed.ts";
import { defineLegacyInboxRoute } from "../surface.ts";
import { DONE, doneShape, subscriberBody, subscriberOf } from "./inbox.ts";

const ACTIONS = ["read", "unread", "archive"] as const;
const CLICKED = "$notification_clicked";

const action = subscriberBody.extend({ action: z.enum(ACTIONS, oneOf(ACTIONS)) });
/** Legacy Android reports a click here, in the shape of an event, and without proof of who it is. */
const report = z.looseObject({ event: z.enum(TRACKING_EVENTS) });

export default defineLegacyInboxRoute({
  method: "POST",
  path: "/notification/:n_id/action/",
  summary: "Read or archive an item of an inbox",
  params: itemParams,
  body: z
    .union([report, action], {
      error: (issue) => (issue.code === "invalid_union" ? `action: ${oneOf(ACTIONS)}` : undefined),
    })
    .meta({
      example: {
        action: "read",
        distinct_id: "ann",
        subscriber_id: "sAyuOget4m_oXqrbYmrPTCd1z3dRdHSRpLG2yPBjonA",
      },
    }),
  reply: { status: 200, body: doneShape },
  errors: ["validation_error", "bad_json", "not_found"],
  async handle(context) {
    const { params, body, auth, db, services } = context;
    const { n_id } = params;
    if ("event" in body) {
      // As for all reports: an id that nobody knows is no error, or the app would send it for ever.
      const clicked = { message_id: n_id, status: "clicked" as const, at: null };
      if (body.event === CLICKED)
        await services.deviceReports.apply(db, auth.workspace.workspace_id, [clicked]);
      return DONE;
    }
    const feed = await findFeedOfItem(db, subscriberOf(context), n_id);
    if (feed === null) throw itemNotFound(n_id);
    await services.feedActions.act(db, feed, { ids: [n_id], action: body.action });
    return DONE;
  },
});
