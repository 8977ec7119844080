import { countRows } from "../../db/count-rows.ts";
import { sql } from "kysely";
import { z } from "zod";
import { microsZ } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { type Editor, editorReply, timestampReply } from "../../catalog/versioned.ts";
import {
  findWorkflowProblems,
  getWorkflowRow,
  presentWorkflow,
  workflowReply,
  type WorkflowRow,
  type WorkflowSource,
} from "./workflow-view.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/**
 * The committed versions of a workflow: its definition, author and time. They never change, and runs stay on the one
 * that they started with. The number of runs per version is not included: runs have no index by version, and one would
 * be written with every run.
 */
export const workflowVersionReply = z.object({
  version_no: z.int(),
  /** The `version_id` of runs and messages. */
  id: z.string(),
  /** Equal to the workflow's `hash` if the draft is this version. */
  hash: z.string(),
  commit_message: z.string().nullable(),
  created_at: timestampReply,
  created_by: editorReply.nullable(),
  /** New triggers use it, if the workflow is enabled. */
  is_live: z.boolean(),
});

/** A version in the shape of a workflow: as it would be read if it were live now. */
export const versionedWorkflowReply = workflowReply.extend({ version_no: z.int() });

/** Most recent first. Refuses an unknown workflow. */
export async function listWorkflowVersions(
  source: WorkflowSource,
  slug: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ count: number; versions: z.input<typeof workflowVersionReply>[] }> {
  const workflow = await getWorkflowRow(source, slug);
  const versions = selectVersions(source, workflow);
  const count = await countRows(versions);
  const rows = await versions
    .select(["version_no", "id", "hash", "commit_message", "created_at", "created_by"])
    .orderBy("version_no", "desc")
    .limit(limit)
    .offset(offset)
    .execute();
  return {
    count,
    versions: rows.map((row) => ({
      ...row,
      created_at: microsZ(row.created_at),
      created_by: row.created_by as Editor | null,
      is_live: row.id === workflow.live_id,
    })),
  };
}

/** Refuses an unknown workflow or version. Its validity is judged by the current state. */
export async function getWorkflowVersionView(
  source: WorkflowSource,
  slug: string,
  version_no: number,
): Promise<z.input<typeof versionedWorkflowReply>> {
  const workflow = await getWorkflowRow(source, slug);
  const version = await getVersion(source, workflow, version_no);
  const definition = version.definition as WorkflowDefinition;
  const row: WorkflowRow = {
    ...workflow,
    commit_message: version.commit_message,
    updated_at: version.created_at,
    updated_by: version.created_by,
    active_at: version.created_at,
  };
  const view = presentWorkflow(row, definition, await findWorkflowProblems(source, definition));
  const isSuperseded = workflow.live_id !== null && workflow.live_id !== version.id;
  return { ...view, ...(isSuperseded && { status: "inactive" as const }), version_no };
}

/** The definition as committed. Refuses an unknown workflow or version. */
export async function getVersionDefinition(
  source: WorkflowSource,
  slug: string,
  version_no: number,
): Promise<WorkflowDefinition> {
  const { definition } = await getVersion(source, await getWorkflowRow(source, slug), version_no);
  return definition as WorkflowDefinition;
}

async function getVersion(source: WorkflowSource, workflow: WorkflowRow, version_no: number) {
  const row = await selectVersions(source, workflow)
    // The number is untrusted and may exceed the column's type.
    .where("version_no", "=", sql<number>`${version_no}::bigint`)
    .selectAll()
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new AppError("not_found", `version ${version_no} of workflow (slug: '${workflow.slug}') not found`);
}

/** For a slug that was deleted and created again, only the versions since then. */
function selectVersions({ db, workspace_id }: WorkflowSource, { slug, created_at }: WorkflowRow) {
  return db.kysely
    .selectFrom("workflow_version")
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .where("created_at", ">=", created_at);
}
