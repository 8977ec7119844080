import { z } from "zod";
import { cloneTemplate } from "../../../authoring/templates/clone-template.ts";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam, templateSlugParam } from "../params.ts";
import { templateSource } from "./template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/clone/",
  summary:
    "Copy the draft of a template with all its variants and its mock data, here or into another workspace",
  params: z.object(slugParam),
  body: z.object({
    ...templateSlugParam,
    /** Absent: the name of the original. */
    name: z.string().min(1).max(128).optional(),
    /** Slug of the workspace that gets the copy. Absent: this one. */
    workspace: z.string().optional(),
  }),
  reply: {
    status: 201,
    body: templateReply,
    description: "The copy, a draft that was never committed. Approvals of vendors are not copied.",
  },
  errors: ["not_found", "conflict", "validation_error"],
  async handle(ctx) {
    const { params, body, auth, services } = ctx;
    const source = templateSource(ctx);
    const target =
      body.workspace === undefined ? auth.workspace : await services.workspaces.findBySlug(body.workspace);
    if (target === null) {
      const detail = { workspace: ["no workspace has this slug"] };
      throw new AppError("validation_error", JSON.stringify(detail), { detail });
    }
    const { workspace_id } = target;
    await cloneTemplate(source, params.slug, { workspace_id, slug: body.slug, name: body.name ?? null });
    return getTemplateView({ ...source, workspace_id }, body.slug, "draft");
  },
});
