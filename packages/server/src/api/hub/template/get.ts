import { z } from "zod";
import { getTemplateGroup, templateGroupReply } from "../../../authoring/templates/template-group-view.ts";
import { defineRoute } from "../../../http/route.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/template/:slug/",
  summary: "Get a template as the older API has it",
  params: z.object({ slug: z.string() }),
  reply: { status: 200, body: templateGroupReply },
  errors: ["does_not_exist"],
  handle: ({ params, auth, db }) =>
    getTemplateGroup({ db, workspace_id: auth.workspace.workspace_id }, params.slug),
});
