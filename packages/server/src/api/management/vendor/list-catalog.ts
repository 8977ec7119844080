import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/vendor_catalog/",
  summary: "The vendors that there are, with the settings that each takes.",
  reply: {
    status: 200,
    body: z.object({
      results: z.array(
        z.object({
          vendor_slug: z.string(),
          channel: z.string(),
          name: z.string(),
          reports: z.boolean().describe("Whether it reports what becomes of messages."),
          settings: z
            .record(z.string(), z.unknown())
            .describe("A JSON Schema; secret fields are marked `x-secret`."),
        }),
      ),
    }),
  },
  errors: ["authentication_failed"],
  async handle({ services }) {
    return { results: services.vendors.catalog };
  },
});
