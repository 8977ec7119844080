import { z } from "zod";
import { editEvent, eventReply, getEventView } from "../../../authoring/schemas/event-def.ts";
import { defineRoute } from "../../../http/route.ts";
import { eventDescription, eventNameParam, schemaLink, toLink } from "./fields.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/event/:name/",
  summary: "Change the description of an event, or the schema of its properties",
  params: z.object(eventNameParam),
  body: z.object({ description: eventDescription, payload_schema: schemaLink.optional() }),
  reply: { status: 200, body: eventReply },
  errors: ["not_found"],
  async handle({ params: { name }, body, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace: auth.workspace };
    const { description, payload_schema } = body;
    await editEvent(change, name, {
      description: description ?? undefined,
      link: payload_schema === undefined ? undefined : toLink(payload_schema),
    });
    return getEventView(change, name);
  },
});
