import { z } from "zod";
import {
  getTemplateChannel,
  templateChannelReply,
} from "../../../authoring/templates/template-group-view.ts";
import { defineRoute } from "../../../http/route.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/template/:slug/channel/:channel/",
  summary: "Get a channel of a template with its committed versions, as the older API has them",
  params: z.object({ slug: z.string(), channel: z.string() }),
  reply: {
    status: 200,
    body: templateChannelReply,
    description:
      "The latest hundred versions, each with one content for each language: the one for every tenant without conditions.",
  },
  errors: ["does_not_exist"],
  handle: ({ params: { slug, channel }, auth, db }) =>
    getTemplateChannel({ db, workspace_id: auth.workspace.workspace_id }, slug, channel),
});
