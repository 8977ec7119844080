import { z } from "zod";
import { CONTENT_EXAMPLE } from "../../reply-examples.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { presentContent } from "./present-message.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/message/:message_id/content/",
  summary: "Get what a message said, as it was rendered",
  params: z.object({ message_id: z.string().trim().max(255, "must be at most 255 characters") }),
  reply: {
    status: 200,
    body: z.object({
      channel: z.string(),
      content: z
        .record(z.string(), z.unknown())
        .meta({ examples: [CONTENT_EXAMPLE] })
        .nullable(),
    }),
    description: "`content` is null for a message that could not be rendered.",
  },
  errors: ["not_found"],
  async handle({ params, auth, db }) {
    const message = await db.kysely
      .selectFrom("message")
      .select(["channel", "content"])
      .where("workspace_id", "=", auth.workspace.workspace_id)
      .where("id", "=", params.message_id)
      .executeTakeFirst();
    if (message === undefined) throw new AppError("not_found", `message '${params.message_id}' not found`);
    return { channel: message.channel, content: presentContent(message.content) };
  },
});
