import { z } from "zod";
import { variantReply, viewVariants, withoutContent } from "../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { slugParam } from "../params.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/variant/",
  summary: "List the variants of a template, channel by channel, in their order",
  params: z.object(slugParam),
  query: z.object({ ...modeQuery, include_content: z.stringbool().default(false), ...pagingQuery(20) }),
  reply: { status: 200, body: pageOf(variantReply) },
  errors: ["not_found"],
  async handle({ params, query, auth, db, services: { channels, engine } }) {
    const { workspace_id } = auth.workspace;
    const source = { db, workspace_id, channels, expressions: engine.expressions };
    const { count, variants } = await viewVariants(source, params.slug, query.mode, {}, query);
    return toPage(query.include_content ? variants : variants.map(withoutContent), count, query);
  },
});
