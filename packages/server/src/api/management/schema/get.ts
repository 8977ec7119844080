import { z } from "zod";
import { getPayloadSchemaView, payloadSchemaReply } from "../../../authoring/schemas/payload-schema-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/schema/:slug/",
  summary: "Get a payload schema, its draft or its live version",
  params: z.object(slugParam),
  query: z.object(modeQuery),
  reply: { status: 200, body: payloadSchemaReply },
  errors: ["not_found"],
  handle: ({ params, query, auth, db }) =>
    getPayloadSchemaView({ db, workspace_id: auth.workspace.workspace_id }, params.slug, query.mode),
});
