import { z } from "zod";
import { variantReply, viewVariants, withoutContent } from "../../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../../paging.ts";
import { slugParam, versionNoParam } from "../../params.ts";
import { includeContentQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/version/:version_no/variant/",
  summary: "List the variants of a template as they were committed",
  params: z.object({ ...slugParam, ...versionNoParam }),
  query: z.object({ ...includeContentQuery, ...pagingQuery(20) }),
  reply: { status: 200, body: pageOf(variantReply) },
  errors: ["not_found"],
  async handle(ctx) {
    const { params, query } = ctx;
    const { count, variants } = await viewVariants(
      templateSource(ctx),
      params.slug,
      params.version_no,
      {},
      query,
    );
    return toPage(query.include_content ? variants : variants.map(withoutContent), count, query);
  },
});
