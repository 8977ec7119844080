import { z } from "zod";
import type { FeedAction } from "../../../inbox/actions.ts";
import { oneOf } from "../../filter-values.ts";
import { defineClientRoute } from "../surface.ts";
import { acted, actedShape, feedQuery, ownFeed } from "./feed.ts";

const BULK_ACTIONS = ["seen", "read", "unread", "archive", "unarchive"] as const satisfies FeedAction[];
const MAX_IDS = 100;

export default defineClientRoute({
  method: "POST",
  path: "/v1/feed/bulk/notifications/:action/",
  summary: "See, read or archive up to 100 items, or take it back",
  params: z.object({ action: z.enum(BULK_ACTIONS, oneOf(BULK_ACTIONS)) }),
  query: feedQuery,
  body: z
    .object({
      notification_ids: z
        .array(z.string("must be a string"), "must be an array of ids")
        .max(MAX_IDS, `must contain at maximum ${MAX_IDS} items`)
        .describe("Those that are not in the feed are ignored."),
    })
    .meta({ example: { notification_ids: ["01KBG4T2Z8M6Q1V7X3Y5W9R0NP"] } }),
  reply: { status: 200, body: actedShape },
  errors: ["validation_error", "bad_json"],
  async handle(context) {
    const { params, body, db, services } = context;
    const ids = [...new Set(body.notification_ids)];
    const { seq } = await services.feedActions.act(db, await ownFeed(context), {
      ids,
      action: params.action,
      is_bulk: true,
    });
    return acted(seq);
  },
});
