import { editorOf } from "../../editor.ts";
import { lockWorkflow } from "../../../authoring/workflows/publish-workflow.ts";
import { saveWorkflowDraft } from "../../../authoring/workflows/save-workflow-draft.ts";
import { getVersionDefinition } from "../../../authoring/workflows/workflow-version-view.ts";
import { getWorkflowView, workflowReply } from "../../../authoring/workflows/workflow-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { versionParams } from "./version-param.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/workflow/:slug/version/:version_no/rollback/",
  summary: "Make an earlier version of a workflow its draft",
  params: versionParams,
  reply: {
    status: 201,
    body: workflowReply,
    description:
      "The draft, whose edits are gone. What is live stays live until the draft is committed, as a new version.",
  },
  errors: ["not_found"],
  async handle({ params: { slug, version_no }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const source = { db, rules: services.engine, workspace_id };
    const change = { db, editor: editorOf(auth), catalog: services.catalog, workspace_id };
    await lockWorkflow(change, slug);
    const definition = await getVersionDefinition(source, slug, version_no);
    await saveWorkflowDraft(change, slug, { definition, is_enabled: undefined });
    return getWorkflowView(source, slug, "draft");
  },
});
