import { z } from "zod";
import { eventReply, getEventView, saveEvent } from "../../../authoring/schemas/event-def.ts";
import { eventNameProblem } from "../../../authoring/workflows/workflow-events.ts";
import { defineRoute } from "../../../http/route.ts";
import { eventDescription, schemaLink, toLink } from "./fields.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/event/",
  summary: "Define an event, or change what is known of it",
  body: z.object({
    name: z
      .string()
      .trim()
      .min(1, "This field may not be blank.")
      .refine((name) => eventNameProblem(name) === null, {
        error: ({ input }) => `this event can never come: ${eventNameProblem(String(input))}`,
      }),
    description: eventDescription,
    /** Reads show null for none; here it changes nothing: `delink_schema` removes a link. */
    payload_schema: schemaLink.nullish(),
  }),
  reply: { status: 200, body: eventReply },
  async handle({ body, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace: auth.workspace };
    const { name, description, payload_schema } = body;
    await saveEvent(change, name, {
      description: description ?? undefined,
      link: payload_schema == null ? undefined : toLink(payload_schema),
    });
    return getEventView(change, name);
  },
});
