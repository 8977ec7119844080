import { z } from "zod";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/",
  summary: "Get a template, its draft or its live version",
  params: z.object(slugParam),
  query: z.object(modeQuery),
  reply: { status: 200, body: templateReply },
  errors: ["not_found"],
  handle: ({ params, query, auth, db }) =>
    getTemplateView({ db, workspace_id: auth.workspace.workspace_id }, params.slug, query.mode),
});
