import { z } from "zod";
import { getTemplateView, templateReply } from "../../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam, versionNoParam } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/version/:version_no/",
  summary: "Get a template as it was committed",
  params: z.object({ ...slugParam, ...versionNoParam }),
  reply: {
    status: 200,
    body: templateReply,
    description:
      "`active_at`, `updated_at` and `updated_by` are of the commit; a version that is not live is inactive.",
  },
  errors: ["not_found"],
  handle: (ctx) => getTemplateView(templateSource(ctx), ctx.params.slug, ctx.params.version_no),
});
