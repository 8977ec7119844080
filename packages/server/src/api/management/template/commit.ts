import { z } from "zod";
import { publishTemplate } from "../../../authoring/templates/publish-template.ts";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { commitMessageQuery } from "../query.ts";
import { selectionBody } from "./commit-body.ts";
import { templateSource } from "./template-source.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/commit/",
  summary: "Make the draft of a template its live version, or only some of its variants",
  params: z.object(slugParam),
  query: z.object(commitMessageQuery),
  body: selectionBody,
  reply: {
    status: 200,
    body: templateReply,
    description:
      "In effect for everything rendered from now on. A variant that needs a vendor's approval waits for it, and what was approved before goes on being sent.",
  },
  errors: ["not_found", "commit_refused", "conflict"],
  async handle(ctx) {
    const { params, query, body } = ctx;
    const source = templateSource(ctx);
    await publishTemplate(source, params.slug, body?.variants ?? null, query.commit_message || null);
    return getTemplateView(source, params.slug, "draft");
  },
});
