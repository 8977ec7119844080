import { z } from "zod";
import { publishPayloadSchema } from "../../../authoring/schemas/payload-schema-change.ts";
import { getPayloadSchemaView, payloadSchemaReply } from "../../../authoring/schemas/payload-schema-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { commitMessageQuery } from "../query.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/schema/:slug/commit/",
  summary: "Make the draft of a payload schema its live version",
  params: z.object(slugParam),
  query: z.object(commitMessageQuery),
  reply: {
    status: 200,
    body: payloadSchemaReply,
    description: "Payloads are held to it from now on, except where a link names another version.",
  },
  errors: ["not_found"],
  async handle({ params: { slug }, query, auth, db, services: { catalog } }) {
    const { workspace_id } = auth.workspace;
    await publishPayloadSchema({ db, workspace_id, catalog }, slug, query.commit_message || null);
    return getPayloadSchemaView({ db, workspace_id }, slug, "live");
  },
});
