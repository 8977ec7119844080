import { countRows } from "../../../db/count-rows.ts";
import { z } from "zod";
import { selectWorkflows, viewWorkflows, workflowReply } from "../../../authoring/workflows/workflow-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { modeQuery, slugsQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/workflow/",
  summary: "List workflows, the last edited first",
  query: z.object({ ...modeQuery, ...slugsQuery, ...pagingQuery(10) }),
  reply: { status: 200, body: pageOf(workflowReply), description: "In mode live, committed workflows only." },
  async handle({ query, auth, db, services }) {
    const source = { db, rules: services.engine, workspace_id: auth.workspace.workspace_id };
    let matching = selectWorkflows(source);
    if (query.slugs.length > 0) matching = matching.where("w.slug", "in", query.slugs);
    if (query.mode === "live") matching = matching.where("v.id", "is not", null);
    const count = await countRows(matching);
    const rows = await matching
      .orderBy("w.updated_at", "desc")
      .orderBy("w.slug")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(await viewWorkflows(source, rows, query.mode), count, query);
  },
});
