import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam } from "../../params.ts";
import { modeQuery } from "../../query.ts";
import { mockDataView, viewMockData } from "./present-mock-data.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/mock_data/",
  summary: "Get the data with which a template is previewed and tested, and what templates see of it",
  params: z.object(slugParam),
  query: z.object(modeQuery),
  reply: { status: 200, body: mockDataView, description: "The same in both modes." },
  errors: ["not_found"],
  handle: (ctx) => viewMockData(ctx, ctx.params.slug),
});
