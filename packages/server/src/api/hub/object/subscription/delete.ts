import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { removeSubscriptions } from "../../../../recipients/subscriptions.ts";
import { listFilter } from "../../../filter-values.ts";
import { ONE_OBJECT } from "../../present-profile.ts";
import { recipient } from "../../wire-schemas.ts";
import { objectKey, objectParams } from "../present-object.ts";
import { readSubscribers, requireDone } from "./named-subscribers.ts";

const body = z
  .object(
    { recipients: z.unknown().meta({ type: "array", minItems: 1, maxItems: 100, items: recipient }) },
    ONE_OBJECT,
  )
  .meta({ example: { recipients: ["ann", { object_type: "teams", id: "tax" }] } });

export default defineRoute({
  method: "DELETE",
  path: "/v1/object/:object_type/:id/subscription/",
  summary: "Remove up to 100 subscriptions to an object",
  params: objectParams,
  query: z.object({
    recipients: listFilter.describe("Users' ids with commas between them, for clients that send no body."),
  }),
  body: body.optional(),
  reply: { status: 204, description: "Gone. What was no subscription is no error." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, query, body, auth, db }) {
    const object = objectKey(params);
    const fromQuery = query.recipients?.flatMap((ids) => ids.split(",")).filter((id) => id.trim() !== "");
    const subscribers = readSubscribers(body?.recipients ?? fromQuery).map(
      ({ object_type, distinct_id }) => ({
        object_type,
        distinct_id,
      }),
    );
    const item = { object_type: object.object_type, object_id: object.distinct_id, subscribers };
    requireDone(object, await removeSubscriptions(db, auth.workspace.workspace_id, [item]));
  },
});
