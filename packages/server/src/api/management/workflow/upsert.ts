import { editorOf } from "../../editor.ts";
import { z } from "zod";
import { lockWorkflow, publishWorkflow } from "../../../authoring/workflows/publish-workflow.ts";
import { saveWorkflowDraft } from "../../../authoring/workflows/save-workflow-draft.ts";
import { workflowBody } from "../../../authoring/workflows/workflow-body.ts";
import { parseWorkflowBody, workflowHash } from "../../../authoring/workflows/workflow-draft.ts";
import { workflowEvents } from "../../../authoring/workflows/workflow-events.ts";
import {
  findWorkflowProblems,
  getWorkflowView,
  TREE_EXAMPLE,
  workflowReply,
} from "../../../authoring/workflows/workflow-view.ts";
import type { WorkflowDefinition } from "../../../catalog/workflow.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { guardVersion, seenHash } from "../../guard-version.ts";
import { commitMessageQuery } from "../query.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/workflow/:slug/",
  summary: "Create a workflow or change its draft, and commit it where it is valid and `commit` says so",
  params: z.object({
    slug: z
      .string()
      .max(255)
      .regex(/^[a-z0-9_-]+$/, "must be made of a-z, 0-9, - and _"),
  }),
  query: z
    .object({ commit: z.stringbool().default(false), ...commitMessageQuery })
    .refine(({ commit, commit_message = "" }) => !commit || commit_message !== "", {
      path: ["commit_message"],
      error: "This field is required.",
    }),
  body: workflowBody.meta({
    examples: [
      { name: "Order confirmed", category: "transactional", trigger_type: "api", tree: TREE_EXAMPLE },
    ],
  }),
  reply: {
    status: 201,
    body: workflowReply,
    description: "The draft as stored. One that is not valid is stored too; `validation_result` says why.",
  },
  takes_if_match: true,
  async handle({ params: { slug }, query, body, auth, db, services, headers }) {
    const { catalog, ids, engine } = services;
    const { workspace_id } = auth.workspace;
    const source = { db, rules: engine, workspace_id };
    const change = { db, editor: editorOf(auth), catalog, ids, workspace_id, base: await engine.clock(db) };
    const definition = parseWorkflowBody(body, engine.nodes);
    refuseManyEvents(definition);
    const seen = seenHash(headers);
    if (seen !== null) guardVersion(seen, workflowHash((await lockWorkflow(change, slug)).draft));
    await saveWorkflowDraft(change, slug, { definition, is_enabled: body.is_enabled ?? undefined });
    if (query.commit) {
      const workflow = await lockWorkflow(change, slug);
      const problems = await findWorkflowProblems(source, workflow.draft);
      if (problems.length === 0) await publishWorkflow(change, workflow, query.commit_message ?? null);
    }
    return getWorkflowView(source, slug, "draft");
  },
});

/** Each is a row of the index by which events find workflows, written and announced on every commit. */
const MAX_EVENTS = 1000;

function refuseManyEvents(definition: WorkflowDefinition): void {
  const { length } = workflowEvents(definition);
  if (length <= MAX_EVENTS) return;
  const detail = {
    trigger_events: [`the workflow reacts to ${length} events, at maximum ${MAX_EVENTS} are allowed`],
  };
  throw new AppError("validation_error", JSON.stringify(detail), { detail });
}
