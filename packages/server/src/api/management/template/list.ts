import { countRows } from "../../../db/count-rows.ts";
import { sql } from "kysely";
import { z } from "zod";
import { selectTemplates, templateReply, viewTemplates } from "../../../authoring/templates/template-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/",
  summary: "List templates, the last edited first",
  query: z.object({ ...modeQuery, q: z.string().default(""), ...pagingQuery(20) }),
  reply: {
    status: 200,
    body: pageOf(templateReply),
    description: "Without archived ones; in mode live, committed ones only.",
  },
  async handle({ query, auth, db }) {
    const source = { db, workspace_id: auth.workspace.workspace_id };
    let matching = selectTemplates(source).where("t.archived_at", "is", null);
    if (query.mode === "live") matching = matching.where("t.live_version_no", "is not", null);
    if (query.q !== "") {
      // Literal search: % and _ are not wildcards.
      matching = matching.where(
        sql<boolean>`strpos(lower(t.name), lower(${query.q})) > 0 or strpos(lower(t.slug), lower(${query.q})) > 0`,
      );
    }
    const count = await countRows(matching);
    const rows = await matching
      .orderBy("t.updated_at", "desc")
      .orderBy("t.slug")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(await viewTemplates(source, rows, query.mode), count, query);
  },
});
