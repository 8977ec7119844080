import { deleteVariant } from "../../../../authoring/templates/save-variant.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/",
  summary: "Delete a variant from the draft; the next commit takes it out of the live version",
  params: variantParams,
  reply: { status: 204 },
  errors: ["not_found", "validation_error", "conflict"],
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    await deleteVariant(templateSource(ctx), slug, { channel, id });
  },
});
