import { z } from "zod";
import {
  listTemplateVersions,
  templateVersionReply,
} from "../../../../authoring/templates/template-version.ts";
import { defineRoute } from "../../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../../paging.ts";
import { slugParam } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/version/",
  summary: "List the committed versions of a template, the last first",
  params: z.object(slugParam),
  query: z.object(pagingQuery(20)),
  reply: { status: 200, body: pageOf(templateVersionReply) },
  errors: ["not_found"],
  async handle(ctx) {
    const { count, versions } = await listTemplateVersions(templateSource(ctx), ctx.params.slug, ctx.query);
    return toPage(versions, count, ctx.query);
  },
});
