import { sql } from "kysely";
import { z } from "zod";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import type { Queryable } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import type { WorkflowRules } from "./validate-node.ts";
import { validateWorkflow } from "./validate-workflow.ts";
import {
  type Editor,
  editorReply,
  type Mode,
  notCommitted,
  timestampReply,
} from "../../catalog/versioned.ts";
import { workflowHash } from "./workflow-draft.ts";
import { loadWorkflowFacts } from "./workflow-facts.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/**
 * Workflows as reads show them: a definition, either the draft or the live one, with the data of its row and live
 * version. Validity is computed on every read, because templates come and go.
 */
export interface WorkflowSource {
  db: Queryable;
  /** The engine's rules. */
  rules: WorkflowRules;
  workspace_id: number;
}

/** For the reference. */
export const TREE_EXAMPLE = {
  nodes: [
    {
      node_type: "delay",
      name: "An hour",
      ref: "an-hour",
      properties: { delay_type: "fixed", value: "1h" },
    },
  ],
};

export const workflowReply = z.object({
  $schema: z.string().meta({ examples: ["https://schema.suprsend.com/workflow/v1/schema.json"] }),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  category: z.string(),
  tags: z.array(z.string()),
  trigger_type: z.string(),
  trigger_events: z.array(z.string()),
  payload_schema: z.object({ schema: z.string(), version_no: z.int().optional() }).nullable(),
  is_enabled: z.boolean(),
  ratelimit: z.object({ count: z.int(), sliding_window: z.string() }).nullable(),
  conditions: z.array(z.unknown()),
  override_recipients_type: z.string().nullable(),
  override_recipients_user_expr: z.string().nullable(),
  override_recipients_single_object_fields_expr: z.record(z.string(), z.unknown()).nullable(),
  override_actor_user_expr: z.string().nullable(),
  override_tenant_expr: z.string().nullable(),
  tree: z.object({ nodes: z.array(z.unknown()) }).meta({ examples: [TREE_EXAMPLE] }),
  status: z.enum(["active", "inactive", "draft"]),
  /** Hash of the writable fields, independent of key order. */
  hash: z.string(),
  /** The commit message of the live version. */
  commit_message: z.string().nullable(),
  created_at: timestampReply,
  updated_at: timestampReply,
  active_at: timestampReply.nullable(),
  last_executed_at: timestampReply.nullable(),
  updated_by: editorReply.nullable(),
  validation_result: z.object({ is_valid: z.boolean(), errors: z.array(z.string()) }),
});

export type WorkflowView = z.input<typeof workflowReply>;

/**
 * Every workflow of the workspace that is not deleted, with its live version if it has one. Inline workflows have no
 * version that is live by itself: each trigger brings its own, and the newest stands for them.
 */
export function selectWorkflows({ db, workspace_id }: WorkflowSource) {
  return db.kysely
    .selectFrom("workflow as w")
    .leftJoin("workflow_version as v", (join) =>
      join.onRef("v.workspace_id", "=", "w.workspace_id").on(
        "v.id",
        "=",
        sql<string>`case when w.trigger_type = 'dynamic'
          then (select id from workflow_version d where d.workspace_id = w.workspace_id and d.slug = w.slug
                 order by d.version_no desc limit 1)
          else w.live_version_id end`,
      ),
    )
    .where("w.workspace_id", "=", workspace_id)
    .where("w.deleted_at", "is", null)
    .selectAll("w")
    .select(["v.definition as live", "v.id as live_id", "v.commit_message"]);
}

export type WorkflowRow = Awaited<ReturnType<ReturnType<typeof selectWorkflows>["execute"]>>[number];

/** Refuses an unknown slug, and in mode `live` also one that was never committed. */
export async function getWorkflowView(
  source: WorkflowSource,
  slug: string,
  mode: Mode,
): Promise<WorkflowView> {
  const [view] = await viewWorkflows(source, [await getWorkflowRow(source, slug)], mode);
  if (view === undefined) throw notCommitted("workflow", slug);
  return view;
}

export async function getWorkflowRow(source: WorkflowSource, slug: string): Promise<WorkflowRow> {
  const row = await selectWorkflows(source).where("w.slug", "=", slug).executeTakeFirst();
  if (row === undefined) throw workflowNotFound(slug);
  return row;
}

/** In mode `live`, rows that were never committed are left out. */
export async function viewWorkflows(
  source: WorkflowSource,
  rows: readonly WorkflowRow[],
  mode: Mode,
): Promise<WorkflowView[]> {
  const shown = rows.flatMap((row) => {
    // Nobody edits an inline workflow: its draft is what its first trigger brought.
    const isLive = mode === "live" || row.trigger_type === "dynamic";
    const definition = (isLive ? row.live : row.draft) as WorkflowDefinition | null;
    return definition === null ? [] : [{ row, definition }];
  });
  const definitions = shown.map(({ definition }) => definition);
  const facts = await loadWorkflowFacts(source, definitions, source.rules.nodes);
  return shown.map(({ row, definition }) =>
    presentWorkflow(row, definition, validateWorkflow(definition, source.rules, facts)),
  );
}

export async function findWorkflowProblems(
  source: WorkflowSource,
  definition: WorkflowDefinition,
): Promise<string[]> {
  const facts = await loadWorkflowFacts(source, [definition], source.rules.nodes);
  return validateWorkflow(definition, source.rules, facts);
}

export function workflowNotFound(slug: string): AppError {
  return new AppError("not_found", `workflow (slug: '${slug}') not found`);
}

export function presentWorkflow(
  row: WorkflowRow,
  definition: WorkflowDefinition,
  errors: string[],
): WorkflowView {
  const { tree, ...head } = definition;
  return {
    $schema: "https://schema.suprsend.com/workflow/v1/schema.json",
    slug: row.slug,
    ...head,
    is_enabled: row.is_enabled,
    tree,
    status: workflowStatusOf(row),
    hash: workflowHash(definition),
    commit_message: row.commit_message,
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    active_at: orNull(microsZ, row.active_at),
    last_executed_at: orNull(microsZ, row.last_executed_at),
    updated_by: row.updated_by as Editor | null,
    validation_result: { is_valid: errors.length === 0, errors },
  };
}

function workflowStatusOf({ live_id, is_enabled }: WorkflowRow): WorkflowView["status"] {
  if (live_id === null) return "draft";
  return is_enabled ? "active" : "inactive";
}
