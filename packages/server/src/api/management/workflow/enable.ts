import { storableJson } from "../../../core/text/text.ts";
import { sql } from "kysely";
import { z } from "zod";
import { editorOf } from "../../editor.ts";
import { invalidateWorkflow, lockWorkflow } from "../../../authoring/workflows/publish-workflow.ts";
import { getWorkflowView, workflowReply } from "../../../authoring/workflows/workflow-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/workflow/:slug/enable/",
  summary: "Enable or disable a workflow, at once",
  params: z.object(slugParam),
  body: z.object({ is_enabled: z.boolean() }),
  reply: {
    status: 202,
    body: workflowReply,
    description: "Disabled: new triggers are refused, runs under way go on.",
  },
  errors: ["not_found"],
  async handle({ params: { slug }, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const change = { db, editor: editorOf(auth), catalog: services.catalog, workspace_id };
    await lockWorkflow(change, slug);
    await db.kysely
      .updateTable("workflow")
      .set({ is_enabled: body.is_enabled, updated_at: sql`now()`, updated_by: storableJson(editorOf(auth)) })
      .where("workspace_id", "=", workspace_id)
      .where("slug", "=", slug)
      .execute();
    await invalidateWorkflow(change, slug);
    return getWorkflowView({ db, rules: services.engine, workspace_id }, slug, "draft");
  },
});
