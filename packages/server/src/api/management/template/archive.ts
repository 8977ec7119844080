import { z } from "zod";
import { archiveTemplate } from "../../../authoring/templates/template-change.ts";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { templateSource } from "./template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/archive/",
  summary: "Archive a template for good: it can be read and cloned, and is neither sent nor edited any more",
  params: z.object(slugParam),
  reply: {
    status: 200,
    body: templateReply,
    description: "Workflows that send it fail at that node. Its slug stays taken until it is deleted.",
  },
  errors: ["not_found"],
  async handle(ctx) {
    const source = templateSource(ctx);
    await archiveTemplate(source, ctx.params.slug);
    return getTemplateView(source, ctx.params.slug, "draft");
  },
});
