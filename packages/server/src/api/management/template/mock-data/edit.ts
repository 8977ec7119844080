import { z } from "zod";
import { editMockData, mockDataEdit } from "../../../../authoring/templates/mock-data.ts";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam } from "../../params.ts";
import { templateSource } from "../template-source.ts";
import { mockDataView, viewMockData } from "./present-mock-data.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/mock_data/",
  summary: "Change the data with which a template is previewed and tested",
  params: z.object(slugParam),
  /** The command line tool wraps the fields in `data`, others send them as they are. */
  body: mockDataEdit.extend({ data: mockDataEdit.optional() }),
  reply: { status: 200, body: mockDataView, description: "What is absent stays as it was." },
  errors: ["not_found", "conflict", "validation_error"],
  // The context is read over other connections, which must not be waited for with one in hand.
  transaction: false,
  async handle(ctx) {
    const { slug } = ctx.params;
    const { data, ...bare } = ctx.body;
    const edit = { ...bare, ...data };
    await ctx.services.db.tx((db) => editMockData({ ...templateSource(ctx), db }, slug, edit));
    return viewMockData(ctx, slug);
  },
});
