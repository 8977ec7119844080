import type { Step } from "../../../core/log/step-log.ts";
import { recipientName } from "../../../core/text/recipient-name.ts";
import type { Queryable } from "../../../db/db.ts";
import { uuidTime } from "../../../ids.ts";
import type { StoredWait } from "../log/run-row.ts";
import { PROBLEMS } from "../log/stored-request.ts";
import type { Question } from "./finding.ts";
import type { ExplainedMessage, ExplainedRun } from "./judge-run.ts";
import { FOR_WORKFLOW, LOOKED_THROUGH, MOST } from "./read-requests.ts";

/** Matches any recipient with this name: a text with a slash may be a user's id as well as an object's. */
const NAMED = (row: string, name: string) =>
  `(${row}.distinct_id = ${name} and ${row}.object_type = ''
    or ${row}.distinct_id = substr(${name}, strpos(${name}, '/') + 1)
       and ${row}.object_type = substr(${name}, 1, greatest(strpos(${name}, '/') - 1, 0)) and strpos(${name}, '/') > 1)`;

type RunRow = Omit<ExplainedRun, "who" | "messages" | "carrier" | "steps" | "wait"> & {
  object_type: string;
  distinct_id: string;
  steps: Step[];
  wait: StoredWait | null;
};

/** The newest executions of a recipient or of requests. Relies on the indexes of run by recipient and by request. */
export async function readRuns(
  db: Queryable,
  { workspace_id, distinct_id, workflow, since }: Question,
  request_ids: string[] | null,
): Promise<ExplainedRun[]> {
  if (request_ids?.length === 0) return [];
  const rows = await db.query<RunRow>(
    `select r.id, r.request_id, r.workflow_slug, r.object_type, r.distinct_id, r.status, r.wake_at,
            r.state -> 'wait' as wait, r.steps, r.created_at, r.updated_at
       from run r
      where r.workspace_id = $1 and ($2::text is null or ${NAMED("r", "$2")})
        and ($3::uuid[] is null or r.request_id = any($3)) and ($4::text is null or r.workflow_slug = $4)
        and ($3::uuid[] is not null or r.created_at >= $5)
      order by r.id desc limit ${MOST}`,
    [workspace_id, distinct_id, request_ids, workflow, since],
  );
  const messages = await readMessages(
    db,
    workspace_id,
    rows.map(({ id }) => id),
  );
  const carriers = await readCarriers(db, workspace_id, rows);
  return rows.map((row) => ({
    ...row,
    who: recipientName(row),
    messages: messages.filter(({ execution_id }) => execution_id === row.id),
    carrier: carriers.get(carrierOf(row) ?? "") ?? null,
  }));
}

async function readMessages(
  db: Queryable,
  workspace_id: number,
  execution_ids: string[],
): Promise<(ExplainedMessage & { execution_id: string })[]> {
  return db.query(
    `select m.id, m.execution_id, m.channel, m.status, m.node_ref, m.failure_reason, m.created_at,
            m.content is not null as has_content, m.vendor_config_id is not null as has_vendor
       from unnest($2::text[]) as k(execution_id),
            lateral (select * from message m where m.workspace_id = $1 and m.execution_id = k.execution_id
                      order by m.id limit 100) m
      order by m.id`,
    [workspace_id, execution_ids],
  );
}

async function readCarriers(
  db: Queryable,
  workspace_id: number,
  rows: RunRow[],
): Promise<Map<string, NonNullable<ExplainedRun["carrier"]>>> {
  const ids = rows.flatMap((row) => carrierOf(row) ?? []);
  if (ids.length === 0) return new Map();
  const found = await db.query<NonNullable<ExplainedRun["carrier"]>>(
    "select id, status, wake_at from run where workspace_id = $1 and id = any($2)",
    [workspace_id, ids],
  );
  return new Map(found.map((carrier) => [carrier.id, carrier]));
}

function carrierOf({ steps }: Pick<RunRow, "steps">): string | null {
  for (const { p } of steps.toReversed()) {
    if (typeof p !== "object" || p === null || !("carrier_execution_id" in p)) continue;
    return typeof p.carrier_execution_id === "string" ? p.carrier_execution_id : null;
  }
  return null;
}

/** The facts for a question about which nothing was triggered. */
export interface Surroundings {
  is_known: boolean;
  /** Requests for the workflow in question, or for all; counted up to a limit. */
  requests: number;
  /** Why the workflow cannot be triggered; null if it can, or none is in question. */
  unavailable: string | null;
  /** The newest event whose recipients the workflow could not determine. */
  aimless: { id: string; created_at: Date; text: string } | null;
}

export async function readSurroundings(
  db: Queryable,
  { workspace_id, distinct_id, workflow, since }: Question,
): Promise<Surroundings> {
  const [row] = await db.query<{ is_known: boolean; requests: number; state: string | null }>(
    `select exists (select from recipient p where p.workspace_id = $1 and ${NAMED("p", "$2::text")}) as is_known,
            (select count(*)::int from (select 1 from request q
               where q.workspace_id = $1 and q.id >= $4 and q.api_type not in ('fanout', 'user_edit') and ${FOR_WORKFLOW("$3")}
               limit ${LOOKED_THROUGH}) seen) as requests,
            (select case when w.live_version_id is null and w.trigger_type <> 'dynamic' then 'was never committed'
                         when not w.is_enabled then 'is disabled' else '' end
               from workflow w where w.workspace_id = $1 and w.slug = $3 and w.deleted_at is null) as state`,
    [workspace_id, distinct_id, workflow, uuidTime(since.getTime())],
  );
  const [aimless = null] = await db.query<NonNullable<Surroundings["aimless"]>>(
    `select q.id, q.created_at, e ->> 'error_description' as text
       from (select * from request where workspace_id = $1 and id >= $3 order by id desc limit ${LOOKED_THROUGH}) q,
            ${PROBLEMS}
      where q.api_type = 'event' and e ->> 'error_code' = 'override_failed' and e ->> 'workflow_slug' = $2
      order by q.id desc limit 1`,
    [workspace_id, workflow, uuidTime(since.getTime())],
  );
  const state = row?.state ?? "does not exist";
  const unavailable = workflow === null || state === "" ? null : `workflow '${workflow}' ${state}`;
  return { is_known: row?.is_known === true, requests: row?.requests ?? 0, unavailable, aimless };
}
