import { z } from "zod";
import { eventReply, getEventView } from "../../../authoring/schemas/event-def.ts";
import { defineRoute } from "../../../http/route.ts";
import { eventNameParam } from "./fields.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/event/:name/",
  summary: "Get an event",
  params: z.object(eventNameParam),
  reply: { status: 200, body: eventReply },
  errors: ["not_found"],
  handle: ({ params, auth, db }) => getEventView({ db, workspace: auth.workspace }, params.name),
});
