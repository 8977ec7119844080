import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import { AppError } from "../../errors.ts";
import { invalidateWorkflow, refuseInline, type WorkflowChange } from "./publish-workflow.ts";
import { workflowHash } from "./workflow-draft.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

export interface WorkflowEdit {
  definition: WorkflowDefinition;
  /** Undefined: unchanged, or true for a new workflow. Takes effect at once: it is not part of a version. */
  is_enabled: boolean | undefined;
}

/**
 * Makes `definition` the draft of `slug`, which is created if missing. A deleted workflow comes back as a fresh draft;
 * its old versions stay for the runs that still use them. An edit that changes nothing writes nothing.
 */
export async function saveWorkflowDraft(
  change: WorkflowChange,
  slug: string,
  { definition, is_enabled }: WorkflowEdit,
): Promise<void> {
  if (definition.trigger_type === "dynamic") {
    const reason = "must be one of ['event' 'api']: 'dynamic' is what inline triggers make";
    throw new AppError("validation_error", `trigger_type: ${reason}`, { detail: { trigger_type: [reason] } });
  }
  const { kysely } = change.db;
  const { workspace_id } = change;
  const draft = { draft: storableJson(definition), updated_by: storableJson(change.editor) };
  const fresh = {
    trigger_type: definition.trigger_type,
    is_enabled: is_enabled ?? true,
    live_version_id: null,
    active_at: null,
    last_executed_at: null,
    deleted_at: null,
  };
  const [created] = await kysely
    .insertInto("workflow")
    .values({ workspace_id, slug, ...draft, ...fresh })
    .onConflict((conflict) => conflict.doNothing())
    .returning("slug")
    .execute();
  if (created !== undefined) return;

  const known = await kysely
    .selectFrom("workflow")
    .selectAll()
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (known.deleted_at === null) refuseInline(known);
  const enabled = is_enabled ?? known.is_enabled;
  const update = kysely
    .updateTable("workflow")
    .set({ ...draft, updated_at: sql`now()` })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug);
  if (known.deleted_at !== null) {
    await update.set({ ...fresh, created_at: sql`now()` }).execute();
  } else if (
    enabled !== known.is_enabled ||
    workflowHash(definition) !== workflowHash(known.draft as WorkflowDefinition)
  ) {
    // The live version keeps its kind of trigger until the draft is committed.
    const trigger_type = known.live_version_id === null ? definition.trigger_type : known.trigger_type;
    await update.set({ is_enabled: enabled, trigger_type }).execute();
  }
  await invalidateWorkflow(change, slug);
}
