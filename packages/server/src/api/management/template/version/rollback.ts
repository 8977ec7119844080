import { z } from "zod";
import { rollbackTemplate } from "../../../../authoring/templates/template-version.ts";
import { getTemplateView, templateReply } from "../../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam, versionNoParam } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/version/:version_no/rollback/",
  summary: "Make a committed version of a template the live one, at once",
  params: z.object({ ...slugParam, ...versionNoParam }),
  reply: {
    status: 200,
    body: templateReply,
    description: "What is live now. Later versions stay, and so does the draft.",
  },
  errors: ["not_found", "conflict"],
  async handle(ctx) {
    const source = templateSource(ctx);
    await rollbackTemplate(source, ctx.params.slug, ctx.params.version_no);
    return getTemplateView(source, ctx.params.slug, "live");
  },
});
