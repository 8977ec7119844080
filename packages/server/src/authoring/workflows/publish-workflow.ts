import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import type { IdSource } from "../../ids.ts";
import { WORKSPACE_NOW } from "../../workspaces/clock.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Editor } from "../../catalog/versioned.ts";
import { workflowHash } from "./workflow-draft.ts";
import { workflowEvents } from "./workflow-events.ts";
import { workflowNotFound } from "./workflow-view.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/**
 * Operations that change which version of a workflow is live. All of them run under the lock of the workflow's row,
 * which serialises concurrent commits of one slug, and notify every process after the commit.
 */
export interface WorkflowChange {
  db: Tx;
  catalog: Catalog;
  workspace_id: number;
  /** Who is shown as the last editor. */
  editor: Editor;
}

export interface LockedWorkflow {
  slug: string;
  trigger_type: string;
  draft: WorkflowDefinition;
  live_version_id: string | null;
}

/** Locks the row until the transaction ends. Refuses a slug that does not exist or is deleted. */
export async function lockWorkflow(
  { db, workspace_id }: WorkflowChange,
  slug: string,
): Promise<LockedWorkflow> {
  const row = await db.kysely
    .selectFrom("workflow")
    .select(["slug", "trigger_type", "draft", "live_version_id"])
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .where("deleted_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw workflowNotFound(slug);
  return { ...row, draft: row.draft as WorkflowDefinition };
}

/** Workflows created by inline triggers, with a version for each distinct body, are read-only. */
export function refuseInline({ slug, trigger_type }: { slug: string; trigger_type: string }): void {
  if (trigger_type !== "dynamic") return;
  const text = `workflow '${slug}' is made by inline triggers and cannot be written; use another slug`;
  throw new AppError("validation_error", text, { detail: { slug: [text] } });
}

/**
 * Makes the draft the live version. The caller has validated it. A draft equal to the live version creates no new one,
 * so that a commit can be repeated. `base` replaces the database's clock; null: the time of the transaction.
 */
export async function publishWorkflow(
  change: WorkflowChange & { ids: IdSource; base: Date | null },
  { slug, trigger_type, draft, live_version_id }: LockedWorkflow,
  commit_message: string | null,
): Promise<void> {
  refuseInline({ slug, trigger_type });
  const { db, workspace_id } = change;
  const hash = workflowHash(draft);
  const versions = db.kysely
    .selectFrom("workflow_version")
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug);
  if (live_version_id !== null) {
    const live = await versions.select("hash").where("id", "=", live_version_id).executeTakeFirst();
    if (live?.hash === hash) return;
  }
  const { last } = await versions
    .select(({ fn }) => fn.max("version_no").as("last"))
    .executeTakeFirstOrThrow();
  const id = change.ids.ulid();
  await db.kysely
    .insertInto("workflow_version")
    .values({
      workspace_id,
      id,
      slug,
      version_no: (last ?? 0) + 1,
      definition: storableJson(draft),
      hash,
      commit_message,
      created_by: storableJson(change.editor),
    })
    .execute();
  await db.query(
    `update workflow_version v set version_at = ${WORKSPACE_NOW("$3")} from workspace w
      where v.workspace_id = $1 and v.id = $2 and w.workspace_id = v.workspace_id`,
    [workspace_id, id, change.base],
  );
  await db.kysely
    .updateTable("workflow")
    .set({
      live_version_id: id,
      trigger_type: draft.trigger_type,
      active_at: sql`now()`,
      updated_at: sql`now()`,
      updated_by: storableJson(change.editor),
    })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
  await replaceWorkflowEvents(change, slug, draft);
}

/** Updates the event index to match the live definition (null: none), and invalidates everything that depends on it. */
export async function replaceWorkflowEvents(
  change: WorkflowChange,
  slug: string,
  live: WorkflowDefinition | null,
): Promise<void> {
  const { db, workspace_id } = change;
  const before = await db.kysely
    .deleteFrom("workflow_event")
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .returning("event_name")
    .execute();
  const events = live === null ? [] : workflowEvents(live);
  if (events.length > 0) {
    await db.kysely
      .insertInto("workflow_event")
      .values(events.map((event) => ({ workspace_id, slug, ...event })))
      .execute();
  }
  await invalidate(change, slug, [...before, ...events]);
}

/** For a change that leaves the index unchanged: invalidates the workflow and every event it is indexed under. */
export async function invalidateWorkflow(change: WorkflowChange, slug: string): Promise<void> {
  const events = await change.db.kysely
    .selectFrom("workflow_event")
    .select("event_name")
    .where("workspace_id", "=", change.workspace_id)
    .where("slug", "=", slug)
    .execute();
  await invalidate(change, slug, events);
}

async function invalidate(
  { db, catalog, workspace_id }: WorkflowChange,
  slug: string,
  events: readonly { event_name: string }[],
): Promise<void> {
  await catalog.invalidate(db, workspace_id, "workflow", slug);
  for (const event_name of new Set(events.map((event) => event.event_name))) {
    await catalog.invalidate(db, workspace_id, "event", event_name);
  }
}
