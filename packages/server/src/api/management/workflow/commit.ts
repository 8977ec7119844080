import { editorOf } from "../../editor.ts";
import { z } from "zod";
import { lockWorkflow, publishWorkflow } from "../../../authoring/workflows/publish-workflow.ts";
import {
  findWorkflowProblems,
  getWorkflowView,
  workflowReply,
} from "../../../authoring/workflows/workflow-view.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { commitMessageQuery } from "../query.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/workflow/:slug/commit/",
  summary: "Make the draft of a workflow its live version",
  params: z.object(slugParam),
  query: z.object(commitMessageQuery),
  reply: {
    status: 202,
    body: workflowReply,
    description: "Runs under way stay on the version they began with.",
  },
  errors: ["not_found", "validation_error"],
  async handle({ params: { slug }, query, auth, db, services }) {
    const { catalog, ids, engine } = services;
    const { workspace_id } = auth.workspace;
    const source = { db, rules: engine, workspace_id };
    const change = { db, editor: editorOf(auth), catalog, ids, workspace_id, base: await engine.clock(db) };
    const workflow = await lockWorkflow(change, slug);
    const problems = await findWorkflowProblems(source, workflow.draft);
    if (problems.length > 0) {
      throw new AppError("validation_error", problems.join("; "), { detail: problems });
    }
    await publishWorkflow(change, workflow, query.commit_message || null);
    return getWorkflowView(source, slug, "draft");
  },
});
