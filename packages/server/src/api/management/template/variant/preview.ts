import { z } from "zod";
import { parseContent } from "../../../../authoring/templates/save-variant.ts";
import {
  getMockData,
  mockDataEdit,
  mockTrigger,
  withMockData,
} from "../../../../authoring/templates/mock-data.ts";
import { DRAFT_CONTENT_EXAMPLE, getVariantView } from "../../../../authoring/templates/variant-view.ts";
import { CHANNELS } from "../../../../core/channel.ts";
import type { JsonObject } from "../../../../core/json.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { modeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/preview/",
  summary: "Render a variant with the template's mock data, or with other data",
  params: variantParams,
  query: z.object(modeQuery),
  body: z
    .object({
      /** Fields that replace those of the mock data, for this preview alone. */
      mock_data: mockDataEdit.optional(),
      /** A content that is not saved, in place of the variant's. */
      content: z
        .record(z.string(), z.unknown())
        .meta({ examples: [DRAFT_CONTENT_EXAMPLE] })
        .optional(),
    })
    .optional(),
  reply: {
    status: 200,
    body: z.object({
      channel: z.enum(CHANNELS),
      id: z.string(),
      locale: z.string(),
      /** As a vendor would get it; null where something could not be rendered. */
      content: z.record(z.string(), z.unknown()).nullable(),
      /** Dotted path into the content to why it could not be rendered. */
      errors: z.record(z.string(), z.array(z.string())),
    }),
    description: "Nothing is stored or sent. Conditions are not asked: it is this variant that is shown.",
  },
  errors: ["not_found", "validation_error"],
  transaction: false,
  async handle(ctx) {
    const { params, query, services } = ctx;
    const { slug, channel, id } = params;
    const { mock_data = {}, content: given } = ctx.body ?? {};
    const source = templateSource(ctx);
    const { locale, content } = await getVariantView(source, slug, { channel, id }, query.mode);
    const written =
      given === undefined ? content : parseContent(source, { channel, id }, given as JsonObject);
    const mock = withMockData(await getMockData(source, slug), mock_data);
    const trigger = mockTrigger(source.workspace_id, mock);
    const preview = await services.engine.preview(trigger, channel, written as JsonObject);
    return { channel, id, locale, ...preview };
  },
});
