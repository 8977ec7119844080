import { z } from "zod";
import { discardApproval } from "../../../../authoring/templates/approval-change.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { liveOnlyQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

const comment = z.string().min(1).max(2000);

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/discard/",
  summary: "Withdraw a variant that waits for a vendor's approval",
  params: variantParams,
  query: z.object(liveOnlyQuery),
  body: z
    .object({
      comment: comment.optional(),
      /** The name that the editor sends. */
      discard_comment: comment.optional(),
    })
    .transform(({ comment: given, discard_comment }) => given ?? discard_comment ?? "")
    .refine((text) => text !== "", { path: ["comment"], error: "is a required field" }),
  reply: {
    status: 200,
    body: z.object({}),
    description: "A commit submits it again; until then what was approved before it is sent.",
  },
  errors: ["not_found", "conflict", "validation_error"],
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    await discardApproval(templateSource(ctx), slug, { channel, id }, ctx.body);
    return {};
  },
});
