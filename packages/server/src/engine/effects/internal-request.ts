import type { Run } from "../run.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import { insertAll, int, json, smallint, text, uuid } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import type { Queue } from "../../queue/queue.ts";

/**
 * Requests created by the engine itself, in the transaction of their cause: a run that triggers another workflow, a
 * user who enters a list. They are expanded and logged like all others.
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
  /** Number of recipients it stands for: 1 by default. */
  weight?: number;
}

/** Returns ids in the order of the requests. */
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

/** Ends workflows that trigger each other in a circle. */
export const MAX_DEPTH = 10;

/** The depth of a request caused by this run; null where the chain ends. */
export function nextDepth({ memory }: Run): number | null {
  const depth = (memory.depth ?? 0) + 1;
  return depth > MAX_DEPTH ? null : depth;
}
