import { z } from "zod";
import { cut } from "../../../core/text/text.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { ONE_OBJECT } from "../present-profile.ts";

const key = z
  .string({ error: "must be a string" })
  .trim()
  .max(255, "must be at most 255 characters")
  .nullish();

const body = z
  .looseObject(
    {
      execution_id: key.describe("Of one broadcast, `broadcast_…`."),
      list_id: key.describe("All broadcasts to the list."),
      idempotency_key: key.describe("Of the broadcast."),
    },
    ONE_OBJECT,
  )
  .meta({ examples: [{ idempotency_key: "news-2026-11" }] });

/** The wire's text. */
const NO_FILTER = "at least one filter is required: execution_id, list_id, idempotency_key";

export default defineRoute({
  method: "POST",
  path: "/v1/broadcast_run/cancel/",
  summary: "Cancel broadcasts that are scheduled or under way: all that match every filter given",
  body,
  reply: {
    status: 200,
    body: z.object({ execution_ids: z.array(z.string()) }),
    description:
      "The broadcasts that were really cancelled; none is no error. What they triggered before is sent.",
  },
  errors: ["invalid_request_error", "bad_json"],
  transaction: false,
  async handle({ body, auth, services }) {
    const filter = {
      execution_id: body.execution_id || null,
      list_id: body.list_id?.toLowerCase() || null,
      idempotency_key: body.idempotency_key || null,
    };
    if (Object.values(filter).every((value) => value === null)) {
      throw new AppError("invalid_request_error", NO_FILTER);
    }
    // Ignoring an unknown filter would cancel more than intended.
    const unknown = Object.keys(body).find((name) => !Object.hasOwn(filter, name));
    if (unknown !== undefined) {
      throw new AppError(
        "invalid_request_error",
        `${cut(unknown, 64)}: is not a filter; there are ${Object.keys(filter).join(", ")}`,
      );
    }
    return { execution_ids: await services.engine.cancelBroadcasts(auth.workspace.workspace_id, filter) };
  },
});
