import type { Run } from "../run.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import { insertAll, int, json, smallint, text, uuid } from "../../db/bulk.ts";
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
  await insertAll(tx, "request", rows, {
    workspace_id: int((request) => request.workspace_id),
    id: uuid((request) => request.id),
    lane: smallint((request) => request.lane),
    api_type: text((request) => request.api_type),
    name: text((request) => request.name),
    tenant_id: text((request) => request.tenant_id),
    idempotency_key: text((request) => request.idempotency_key),
    body: json((request) => request.body),
    parent_run_id: text((request) => request.parent_run_id),
    depth: smallint((request) => request.depth),
  });
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
