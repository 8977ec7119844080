import { z } from "zod";
import { delinkEventSchema, eventReply, getEventView } from "../../../authoring/schemas/event-def.ts";
import { defineRoute } from "../../../http/route.ts";
import { eventNameParam } from "./fields.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/event/:name/delink_schema/",
  summary: "Take the schema away from an event",
  params: z.object(eventNameParam),
  reply: { status: 200, body: eventReply, description: "Its properties are no longer checked." },
  errors: ["not_found"],
  async handle({ params: { name }, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace: auth.workspace };
    await delinkEventSchema(change, name);
    return getEventView(change, name);
  },
});
