import type { Run } from "../run.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import type { Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import type { Queue } from "../../queue/queue.ts";

/**
 * Requests that the engine makes itself, in the transaction of what causes them: a run that triggers another workflow,
 * somebody who enters a list. They expand like all others and show in the same log.
 */
export interface InternalRequest {
  workspace_id: number;
  lane: Lane;
  api_type: "workflow" | "event" | "fanout";
  name: string;
  tenant_id: string;
  idempotency_key: string;
  body: JsonObject;
  parent_run_id: string | null;
  depth: number;
  /** Recipients that it stands for: 1 unless told. */
  weight?: number;
}

/** Ids in the order of the requests. */
export async function insertRequests(
  tx: Tx,
  requests: InternalRequest[],
  { ids, queue }: { ids: IdSource; queue: Pick<Queue, "enqueue"> },
): Promise<string[]> {
  if (requests.length === 0) return [];
  const rows = requests.map((request) => ({ ...request, id: ids.uuid() }));
  await tx.query(
    `insert into request (workspace_id, id, lane, api_type, name, tenant_id, idempotency_key, body, parent_run_id, depth)
     select workspace_id, id, lane, api_type, name, tenant_id, idempotency_key, body::json, parent_run_id, depth
       from unnest($1::int[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                   $9::text[], $10::smallint[])
              as r(workspace_id, id, lane, api_type, name, tenant_id, idempotency_key, body, parent_run_id, depth)`,
    [
      rows.map(({ workspace_id }) => workspace_id),
      rows.map(({ id }) => id),
      rows.map(({ lane }) => lane),
      rows.map(({ api_type }) => api_type),
      rows.map(({ name }) => name),
      rows.map(({ tenant_id }) => tenant_id),
      rows.map(({ idempotency_key }) => idempotency_key),
      rows.map(({ body }) => JSON.stringify(body)),
      rows.map(({ parent_run_id }) => parent_run_id),
      rows.map(({ depth }) => depth),
    ],
    "internal_requests",
  );
  await queue.enqueue(tx, "expand", rows);
  return rows.map(({ id }) => id);
}

/** Workflows that cause each other in a circle end here. */
export const MAX_DEPTH = 10;

/** How deep is what this run causes; null where the chain ends. */
export function nextDepth({ memory }: Run): number | null {
  const depth = (memory.depth ?? 0) + 1;
  return depth > MAX_DEPTH ? null : depth;
}
