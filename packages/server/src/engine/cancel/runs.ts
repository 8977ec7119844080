import { storableJson } from "../../core/text/text.ts";
import type { Stage, Step } from "../../core/log/step-log.ts";
import type { Tx } from "../../db/db.ts";
import type { CancelFilter } from "./filter.ts";
import type { NamedPeople } from "./people.ts";

/** A run that matches a cancel, as it was before it was locked. */
export interface MatchedRun {
  id: string;
  request_id: string;
  object_type: string;
  idempotency_key: string;
  is_running: boolean;
  /** Batches that it carries or has an item in. */
  batches: string[];
}

const COLUMNS = `r.id, r.request_id, r.object_type, r.idempotency_key, r.status = 'in_progress' as is_running`;

/** Finds a run's batches: its own step log says which batch it joined. */
const BATCHES = `array(select b.id from (
    select r.state -> 'wait' ->> 'batch_id' as id where r.status = 'in_progress'
    union all
    select s -> 'p' ->> 'batch_id' from json_array_elements(r.steps) s
     where r.status <> 'in_progress' and s -> 'p' ->> 'code' = 'batch_absorbed') b
  where b.id is not null)`;

/** Prefix no stored id can have: it stands for people who are only an address. */
const TRANSIENT = "r.distinct_id >= '_transient_' and r.distinct_id < '_transient`'";

const ADDRESSED = `exists (select from json_array_elements(r.inline -> 'identities') i where i ->> 'key' = any($7))`;

const NAMED = `(exists (select from unnest($5::text[], $6::text[]) as k(object_type, distinct_id)
                         where k.object_type = r.object_type and k.distinct_id = r.distinct_id)
                or ${ADDRESSED})`;

/** The part that the index by recipient can answer. */
const NEAR = `(r.distinct_id = any($6) or cardinality($7::text[]) > 0 and ${TRANSIENT})`;

/**
 * Finds the runs that the filter names. Finished runs are included where one run or one trigger is named: an object's
 * run may be finished while its subscribers' are not, and so may a run that waits in another run's batch. Relies on the
 * primary key of run and on its indexes by request and by recipient; never scans all sleeping runs.
 */
export async function findRuns(
  tx: Tx,
  workspace_id: number,
  filter: CancelFilter,
  request_ids: string[] | null,
  people: NamedPeople | null,
): Promise<MatchedRun[]> {
  const { execution_id, workflow_slug } = filter;
  if (request_ids?.length === 0) return [];
  const conditions = [
    ...(people === null ? ["$5::text[] is null and $6::text[] is null and $7::text[] is null"] : [NAMED]),
    ...(execution_id === null && request_ids === null ? [NEAR, "r.status = 'in_progress'"] : []),
  ];
  return tx.query<MatchedRun>(
    `select ${COLUMNS}, ${BATCHES} as batches from run r
      where r.workspace_id = $1 and ($2::text is null or r.id = $2)
        and ($3::uuid[] is null or r.request_id = any($3)) and ($4::text is null or r.workflow_slug = $4)
        and ${conditions.join(" and ")}
      order by r.id`,
    [
      workspace_id,
      execution_id,
      request_ids,
      workflow_slug,
      people?.keys.map(({ object_type }) => object_type) ?? null,
      people?.keys.map(({ distinct_id }) => distinct_id) ?? null,
      people?.addresses ?? null,
    ],
  );
}

/** Finds the runs created by the fan-outs of objects' runs. Workflows that a run triggered are not included. */
export async function findChildren(
  tx: Tx,
  workspace_id: number,
  parents: MatchedRun[],
): Promise<MatchedRun[]> {
  if (parents.length === 0) return [];
  return tx.query<MatchedRun>(
    `select ${COLUMNS}, ${BATCHES} as batches from run r
      where r.workspace_id = $1 and r.request_id = any($2) and r.parent_run_id = any($3) order by r.id`,
    [workspace_id, [...new Set(parents.map(({ request_id }) => request_id))], parents.map(({ id }) => id)],
  );
}

/** Reads the same runs again, as they are now. */
export async function readRuns(tx: Tx, workspace_id: number, ids: readonly string[]): Promise<MatchedRun[]> {
  if (ids.length === 0) return [];
  return tx.query<MatchedRun>(
    `select ${COLUMNS}, ${BATCHES} as batches from run r where r.workspace_id = $1 and r.id = any($2) order by r.id`,
    [workspace_id, ids],
  );
}

/** Locks those that are still running, in key order, as everywhere. */
export async function lockRunning(tx: Tx, workspace_id: number, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from run where workspace_id = $1 and id = any($2) and status = 'in_progress'
      order by id for no key update`,
    [workspace_id, ids],
  );
  return rows.map(({ id }) => id);
}

export async function isAnyRunning(tx: Tx, workspace_id: number, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return false;
  const rows = await tx.query(
    "select from run where workspace_id = $1 and id = any($2) and status = 'in_progress' limit 1",
    [workspace_id, ids],
  );
  return rows.length > 0;
}

/** Expects the runs to be locked. From then on they are not woken, walked, or answered. */
export async function writeCancelled(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await tx.query(
    `update run set status = 'cancelled', position = null, wake_at = null, updated_at = now(),
                    steps = (steps::jsonb || $3::jsonb)::json,
                    state = (state::jsonb - 'wait' - 'call' - 'failed_at')::json
      where workspace_id = $1 and id = any($2)`,
    [workspace_id, ids, stepText(now, "run_cancelled", "cancelled via API")],
  );
}

/** Adds a line to the log of a run that is in progress or finished. */
export async function writeStep(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
  now: Date,
  message: string,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update run r set steps = (r.steps::jsonb || $3::jsonb)::json, updated_at = now()
       from (select id from run where workspace_id = $1 and id = any($2) order by id for no key update) k
      where r.workspace_id = $1 and r.id = k.id`,
    [workspace_id, ids, stepText(now, "batch_item_cancelled", message)],
  );
}

function stepText(now: Date, stage: Stage, message: string): string {
  const step: Step = { t: now.getTime(), s: stage, m: message };
  return storableJson([step]);
}
