import { z } from "zod";
import { getTriedTemplate } from "../../../authoring/templates/tried-variant.ts";
import { CHANNELS } from "../../../core/channel.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { liveModeQuery } from "../query.ts";
import { templateSource } from "./template-source.ts";
import { runTemplateTest, testFields, testReply } from "./run-template-test.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/mock_test/",
  summary:
    "Send a template for real, with its mock data: on each channel the variant that the recipient would get",
  params: z.object(slugParam),
  query: z.object(liveModeQuery),
  body: z
    .object({
      ...testFields,
      /** Absent or empty: every channel of the template on which there is an address. */
      channels: z.array(z.enum(CHANNELS)).nullish(),
    })
    .optional(),
  reply: {
    status: 202,
    body: testReply,
    description: "Sent through the workspace's vendors; its test mode holds here too.",
  },
  errors: ["not_found", "validation_error", "conflict"],
  // Sending has its own, after the rest was read.
  transaction: false,
  async handle(ctx) {
    const { channels: given, ...body } = ctx.body ?? {};
    const channels = given == null || given.length === 0 ? null : given;
    const template = await getTriedTemplate(templateSource(ctx), ctx.params.slug, ctx.query.mode, channels);
    const wanted = channels ?? [...template.channels.keys()];
    return runTemplateTest(ctx, { kind: "selection", template, channels }, wanted, body);
  },
});
