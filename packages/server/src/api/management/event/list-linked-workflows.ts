import { z } from "zod";
import { findLinkedWorkflows } from "../../../authoring/schemas/event-def.ts";
import { defineRoute } from "../../../http/route.ts";
import { eventNameParam } from "./fields.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/event/:name/linked_workflows/",
  summary: "List the live workflows that react to an event, and how",
  params: z.object(eventNameParam),
  reply: {
    status: 200,
    body: z.object({
      results: z.array(
        z.object({
          slug: z.string(),
          usage: z.array(z.enum(["Trigger Event", "Wait Event", "Success Metric Event"])),
        }),
      ),
    }),
  },
  errors: ["not_found"],
  async handle({ params, auth, db }) {
    return { results: await findLinkedWorkflows({ db, workspace: auth.workspace }, params.name) };
  },
});
