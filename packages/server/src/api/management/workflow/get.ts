import { z } from "zod";
import { getWorkflowView, workflowReply } from "../../../authoring/workflows/workflow-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/workflow/:slug/",
  summary: "Get a workflow, its draft or its live version",
  params: z.object(slugParam),
  query: z.object(modeQuery),
  reply: { status: 200, body: workflowReply },
  errors: ["not_found"],
  handle: ({ params, query, auth, db, services }) =>
    getWorkflowView(
      { db, rules: services.engine, workspace_id: auth.workspace.workspace_id },
      params.slug,
      query.mode,
    ),
});
