import { z } from "zod";
import {
  listWorkflowVersions,
  workflowVersionReply,
} from "../../../authoring/workflows/workflow-version-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { slugParam } from "../params.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/workflow/:slug/version/",
  summary: "List the committed versions of a workflow, the last first",
  params: z.object(slugParam),
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: pageOf(workflowVersionReply) },
  errors: ["not_found"],
  async handle({ params: { slug }, query, auth, db, services }) {
    const source = { db, rules: services.engine, workspace_id: auth.workspace.workspace_id };
    const { count, versions } = await listWorkflowVersions(source, slug, query);
    return toPage(versions, count, query);
  },
});
