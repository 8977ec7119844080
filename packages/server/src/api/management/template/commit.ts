import { z } from "zod";
import { publishTemplate } from "../../../authoring/templates/publish-template.ts";
import { getTemplateView, templateReply } from "../../../authoring/templates/template-view.ts";
import { CHANNELS } from "../../../core/channel.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { commitMessageQuery } from "../query.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/commit/",
  summary: "Make the draft of a template its live version, or only some of its variants",
  params: z.object(slugParam),
  query: z.object(commitMessageQuery),
  body: z
    .object({
      /** Absent: every variant of the enabled channels. */
      variants: z
        .array(z.object({ channel: z.enum(CHANNELS), id: z.string().meta({ examples: ["default"] }) }))
        .nullish(),
    })
    .optional(),
  reply: { status: 200, body: templateReply, description: "In effect for everything rendered from now on." },
  errors: ["not_found", "commit_refused"],
  async handle({ params: { slug }, query, body, auth, db, services: { channels, catalog, engine } }) {
    const { workspace_id } = auth.workspace;
    const change = { db, workspace_id, channels, catalog, expressions: engine.expressions };
    await publishTemplate(change, slug, body?.variants ?? null, query.commit_message || null);
    return getTemplateView({ db, workspace_id }, slug, "draft");
  },
});
