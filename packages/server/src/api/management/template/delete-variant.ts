import { z } from "zod";
import { deleteVariant } from "../../../authoring/templates/save-variant.ts";
import { defineRoute } from "../../../http/route.ts";
import { channelParam, slugParam } from "../params.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/",
  summary: "Delete a variant from the draft; the next commit takes it out of the live version",
  params: z.object({ ...slugParam, ...channelParam, id: z.string() }),
  reply: { status: 204 },
  errors: ["not_found", "validation_error"],
  async handle({ params: { slug, channel, id }, auth, db, services: { channels } }) {
    await deleteVariant({ db, workspace_id: auth.workspace.workspace_id, channels }, slug, { channel, id });
  },
});
