import { cut } from "../../../core/text/text.ts";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { ONE_OBJECT } from "../present-profile.ts";

/** Trimmed, like the key of a trigger. */
const key = z
  .string({ error: "must be a string" })
  .trim()
  .max(255, "must be at most 255 characters")
  .nullish();

const recipient = z
  .string({ error: "must be a string: a distinct_id, an object_type/id, or an address" })
  .trim()
  .min(1, "must not be empty")
  .max(512, "must be at most 512 characters");

const body = z
  .looseObject(
    {
      execution_id: key.describe("Of one execution."),
      recipients: z
        .array(recipient, { error: "must be an array of strings" })
        .max(100, "must contain at maximum 100 items")
        .nullish()
        .describe(
          "Any of them: distinct ids, `object_type/id` of objects, e-mail addresses or phone numbers.",
        ),
      idempotency_key: key.describe("Of the trigger."),
      cancellation_key: key.describe("Of the trigger."),
      workflow_slug: key.describe("Narrows the others; alone it is refused."),
    },
    ONE_OBJECT,
  )
  .meta({ examples: [{ cancellation_key: "order-1001", workflow_slug: "order-confirmed" }] });

/** The wire's text; `cancellation_key` was added later and counts too. */
const NO_FILTER = "at least one filter is required: execution_id, recipients, idempotency_key";

export default defineRoute({
  method: "POST",
  path: "/v1/workflow_run/cancel/",
  summary: "Cancel executions that are under way: all that match every filter given",
  body,
  reply: {
    status: 200,
    body: z.object({ execution_ids: z.array(z.string()) }),
    description: "The executions that were really cancelled; none is no error.",
  },
  errors: ["invalid_request_error", "bad_json", "conflict"],
  transaction: false,
  async handle({ body, auth, services }) {
    const filter = {
      execution_id: body.execution_id || null,
      recipients: body.recipients == null || body.recipients.length === 0 ? null : body.recipients,
      idempotency_key: body.idempotency_key || null,
      cancellation_key: body.cancellation_key || null,
      workflow_slug: body.workflow_slug || null,
    };
    const { workflow_slug: _narrows, ...deciding } = filter;
    if (Object.values(deciding).every((value) => value === null)) {
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
    return { execution_ids: await services.engine.cancel(auth.workspace.workspace_id, filter) };
  },
});
