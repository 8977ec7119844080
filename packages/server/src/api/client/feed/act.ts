import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { FEED_ACTIONS } from "../../../inbox/actions.ts";
import { findItem } from "../../../inbox/read-feed.ts";
import { oneOf } from "../../filter-values.ts";
import { defineClientRoute } from "../surface.ts";
import { acted, actedShape, feedQuery, itemNotFound, itemParams, ownFeed } from "./feed.ts";

/** The first day on which milliseconds could have been meant: less than that are seconds. */
const FIRST_MS = Date.UTC(2001, 8, 9, 1, 46, 40);
const LAST_MS = Date.UTC(2100, 0, 1);
const UNTIL = `until: must be the time at which the item comes back, in milliseconds since 1970`;

export default defineClientRoute({
  method: "PATCH",
  path: "/v1/feed/notifications/:n_id/:action/",
  summary: "See, read, open, archive, pin or snooze an item, or take it back",
  params: itemParams.extend({
    action: z
      .enum(FEED_ACTIONS, oneOf(FEED_ACTIONS))
      .describe("What was done with it; repeating it changes nothing."),
  }),
  query: feedQuery,
  // Clients send `{}`, and some devices nothing at all.
  body: z
    .looseObject({
      until: z
        .unknown()
        .describe("Of a snooze: when it comes back, in milliseconds since 1970.")
        .meta({ example: 1_795_281_664_000 }),
    })
    .partial()
    .nullable()
    .optional(),
  reply: { status: 200, body: actedShape },
  errors: ["validation_error", "bad_json", "not_found", "permission_denied"],
  async handle(context) {
    const { params, body, db, services } = context;
    const { n_id, action } = params;
    const feed = await ownFeed(context);
    if (action === "unpin" && (await findItem(db, feed, n_id))?.can_user_unpin === false) {
      throw new AppError(
        "permission_denied",
        `notification '${n_id}' stays pinned until it is read or archived`,
      );
    }
    const when = action === "snooze" ? { until: untilOf(body?.until) } : {};
    const { seq, known } = await services.feedActions.act(db, feed, { ids: [n_id], action, ...when });
    if (known.length === 0) throw itemNotFound(n_id);
    return acted(seq);
  },
});

/** A time that is past is no error: a device that was offline meanwhile tells of it late. The item comes back at once. */
function untilOf(value: unknown): Date {
  if (typeof value !== "number" || !(value >= FIRST_MS && value <= LAST_MS))
    throw new AppError("validation_error", UNTIL);
  return new Date(Math.trunc(value));
}
