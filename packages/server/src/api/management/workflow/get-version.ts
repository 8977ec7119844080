import {
  getWorkflowVersionView,
  versionedWorkflowReply,
} from "../../../authoring/workflows/workflow-version-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { versionParams } from "./version-param.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/workflow/:slug/version/:version_no/",
  summary: "Get a workflow as it was committed",
  params: versionParams,
  reply: {
    status: 200,
    body: versionedWorkflowReply,
    description:
      "`active_at`, `updated_at` and `updated_by` are of the commit; a version that is not live is inactive.",
  },
  errors: ["not_found"],
  handle: ({ params: { slug, version_no }, auth, db, services }) =>
    getWorkflowVersionView(
      { db, rules: services.engine, workspace_id: auth.workspace.workspace_id },
      slug,
      version_no,
    ),
});
