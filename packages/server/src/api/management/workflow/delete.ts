import { editorOf } from "../../editor.ts";
import { sql } from "kysely";
import { z } from "zod";
import { lockWorkflow, replaceWorkflowEvents } from "../../../authoring/workflows/publish-workflow.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/workflow/:slug/",
  summary: "Delete a workflow",
  params: z.object(slugParam),
  reply: { status: 204, description: "New triggers find nothing; runs under way end on their version." },
  errors: ["not_found"],
  async handle({ params: { slug }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const change = { db, editor: editorOf(auth), catalog: services.catalog, workspace_id };
    await lockWorkflow(change, slug);
    await db.kysely
      .updateTable("workflow")
      .set({ deleted_at: sql`now()` })
      .where("workspace_id", "=", workspace_id)
      .where("slug", "=", slug)
      .execute();
    await replaceWorkflowEvents(change, slug, null);
  },
});
