import type { Step } from "../../../core/log/step-log.ts";
import { EXECUTION_DETAIL_EXAMPLE } from "../../reply-examples.ts";
import { z } from "zod";
import type { WorkflowDefinition } from "../../../catalog/workflow.ts";
import { recipientName } from "../../../core/text/recipient-name.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { ownQuery } from "../query.ts";
import { readMessages } from "./execution-messages.ts";
import { nodesByRef, presentRun, presentSteps, RUN_COLUMNS, type RunRow } from "./run-row.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/execution/:execution_id/",
  summary: "One execution: what it decided at each gate, with the values it saw, and the messages it made.",
  params: z.object({ workspace: z.string(), execution_id: z.string() }),
  query: ownQuery({}),
  reply: {
    status: 200,
    body: z.record(z.string(), z.unknown()).meta({ examples: [EXECUTION_DETAIL_EXAMPLE] }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ params, auth, db }) {
    const { workspace_id } = auth.workspace;
    const { execution_id } = params;
    const [run] = await db.query<DetailRow>(
      `select ${RUN_COLUMNS}, r.steps, r.cancellation_key, r.actor, v.definition from run r
         join workflow_version v on v.workspace_id = r.workspace_id and v.id = r.version_id
        where r.workspace_id = $1 and r.id = $2`,
      [workspace_id, execution_id],
    );
    if (run === undefined) throw new AppError("not_found", `execution '${execution_id}' not found`);
    const nodes = nodesByRef(run.definition.tree.nodes);
    const { actor } = run;
    return {
      ...presentRun(run),
      workflow_name: run.definition.name,
      cancellation_key: run.cancellation_key,
      actor: actor === null ? null : recipientName(actor),
      steps: presentSteps(run.steps, nodes),
      messages: await readMessages(db, workspace_id, execution_id, nodes),
      children: await readChildren(db, workspace_id, run, [...nodes.keys()]),
    };
  },
});

interface DetailRow extends RunRow {
  steps: Step[];
  cancellation_key: string | null;
  actor: { object_type: string; distinct_id: string } | null;
  definition: WorkflowDefinition;
}

interface ChildRow {
  id: string;
  workflow_slug: string;
  object_type: string;
  distinct_id: string;
  status: string;
}

/** The number shown; the list of executions has the `count` of all, by their request. */
const MOST_CHILDREN = 100;

/**
 * Runs of an object's subscribers share its request; those of workflows triggered by this run have requests of their
 * own, under a key made of its id and the node's.
 */
async function readChildren(
  db: Queryable,
  workspace_id: number,
  { id, request_id }: RunRow,
  refs: string[],
): Promise<Record<string, unknown>[]> {
  const rows = await db.query<ChildRow>(
    `select r.id, r.workflow_slug, r.object_type, r.distinct_id, r.status from run r
      where r.workspace_id = $1 and r.parent_run_id = $2
        and r.request_id = any(array(select q.id from request q
                                      where q.workspace_id = $1 and q.idempotency_key = any($4)) || $3::uuid)
      order by r.id limit ${MOST_CHILDREN}`,
    [workspace_id, id, request_id, refs.map((ref) => `${id}:${ref}`)],
  );
  return rows.map((row) => ({
    execution_id: row.id,
    workflow_slug: row.workflow_slug,
    recipient: recipientName(row),
    status: row.status,
  }));
}
