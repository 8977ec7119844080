import { z } from "zod";
import { MESSAGE_ACTIONS } from "../../../core/channel.ts";
import { cut } from "../../../core/text/text.ts";
import { defineRoute } from "../../../http/route.ts";
import { oneOf } from "../../filter-values.ts";
import { ONE_OBJECT } from "../present-profile.ts";

const MAX_MESSAGES = 1000;

const message = z.object(
  {
    message_id: z.string("must be a string").trim().min(1, "is a required field"),
    action: z.enum(MESSAGE_ACTIONS, oneOf(MESSAGE_ACTIONS)),
  },
  "must be a JSON object",
);

const body = z
  .object(
    {
      messages: z
        .array(message, {
          error: (issue) => (issue.input == null ? "is a required field" : "must be an array"),
        })
        .min(1, "must contain at least 1 item")
        .max(MAX_MESSAGES, `must contain at maximum ${MAX_MESSAGES} items`)
        .superRefine((messages, ctx) => {
          const seen = new Set<string>();
          for (const { message_id } of messages) {
            if (seen.has(message_id)) {
              ctx.addIssue({
                code: "custom",
                message: `must not name a message twice: ${cut(message_id, 64)}`,
              });
              return;
            }
            seen.add(message_id);
          }
        }),
    },
    ONE_OBJECT,
  )
  .meta({ example: { messages: [{ message_id: "01M5Q4TZJ0H8E3WQ8YV9K2B7XA", action: "seen" }] } });

const recordShape = z.object({
  message_id: z.string(),
  status_code: z.int(),
  error: z.object({ type: z.string(), message: z.string() }).nullable(),
});

export default defineRoute({
  method: "PATCH",
  path: "/v1/bulk/message/",
  summary: "Record what happened to up to 1000 messages: seen, clicked, dismissed, read, archived",
  body,
  reply: {
    status: 202,
    body: z.object({ records: z.array(recordShape) }),
    description:
      "One record for each message, in order. A status only moves forward; read and archived can be taken back.",
  },
  errors: ["invalid_request_error", "bad_json"],
  async handle({ body: { messages }, auth, db, services }) {
    const outcomes = await services.messageActions.apply(db, auth.workspace.workspace_id, messages);
    const records = messages.map(({ message_id }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new Error("the message was lost");
      if (outcome.ok) return { message_id, status_code: 202, error: null };
      const { type, message } = outcome;
      return { message_id, status_code: type === "not_found" ? 404 : 422, error: { type, message } };
    });
    return { records };
  },
});
