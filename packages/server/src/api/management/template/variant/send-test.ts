import { z } from "zod";
import { getTriedVariant } from "../../../../authoring/templates/tried-variant.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { liveModeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";
import { runTemplateTest, testFields, testReply } from "../run-template-test.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/mock_test/",
  summary: "Send a variant for real, with the template's mock data, to try it",
  params: variantParams,
  query: z.object(liveModeQuery),
  body: z.object(testFields).optional(),
  reply: {
    status: 202,
    body: testReply,
    description:
      "Sent to the addresses given, whatever its conditions, through the workspace's vendors; its test mode holds here too.",
  },
  errors: ["not_found", "validation_error", "conflict"],
  // Sending has its own, after the rest was read.
  transaction: false,
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    const source = templateSource(ctx);
    const { version_no, variant } = await getTriedVariant(source, slug, { channel, id }, ctx.query.mode);
    const tried = { kind: "variant", template: { slug, version_no }, variant } as const;
    return runTemplateTest(ctx, tried, [channel], ctx.body ?? {});
  },
});
