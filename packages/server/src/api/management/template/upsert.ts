import { editorOf } from "../../editor.ts";
import { z } from "zod";
import { saveTemplateHead } from "../../../authoring/templates/template-change.ts";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { CHANNELS } from "../../../core/channel.ts";
import { defineRoute } from "../../../http/route.ts";
import { templateSlugParam } from "../params.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/",
  summary: "Create a template or change the properties of its draft",
  params: z.object(templateSlugParam),
  body: z.object({
    // The CLI sends only changes, and creates templates without a name.
    name: z.string().min(1).max(128).optional(),
    description: z.string().max(500).nullish(),
    tags: z.array(z.string().min(1).max(128)).max(25).nullish(),
    enabled_channels: z.array(z.enum(CHANNELS)).max(10).nullish(),
  }),
  reply: { status: 200, body: templateReply },
  errors: ["conflict"],
  async handle({ params: { slug }, body, auth, db, services: { channels } }) {
    const { workspace_id } = auth.workspace;
    const { name, description, tags, enabled_channels } = body;
    await saveTemplateHead({ db, workspace_id, editor: editorOf(auth), channels }, slug, {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(tags !== undefined && { tags: tags ?? [] }),
      ...(enabled_channels !== undefined && { enabled_channels: [...new Set(enabled_channels)] }),
    });
    return getTemplateView({ db, workspace_id }, slug, "draft");
  },
});
