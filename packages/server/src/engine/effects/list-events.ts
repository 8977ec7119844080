import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { Lane } from "../../core/lane.ts";
import type { Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import type { ListEvent } from "../../lists/lists.ts";
import type { Queue } from "../../queue/queue.ts";
import { insertRequests, type InternalRequest } from "./internal-request.ts";

/** Users who entered or left a list by a call of the API, and the event that each of them causes. */
export interface ListMoves {
  lane: Lane;
  event: ListEvent;
  distinct_ids: readonly string[];
}

/** Causes the events in the caller's transaction, in which the users moved. */
export async function causeListEvents(
  tx: Tx,
  workspace_id: number,
  { lane, event, distinct_ids }: ListMoves,
  deps: { ids: IdSource; queue: Pick<Queue, "enqueue"> },
): Promise<void> {
  const requests = distinct_ids.map((distinct_id): InternalRequest => ({
    workspace_id,
    lane,
    tenant_id: DEFAULT_TENANT,
    idempotency_key: deps.ids.ulid(),
    parent_run_id: null,
    depth: 0,
    ...requestOf(event, distinct_id, DEFAULT_TENANT),
  }));
  await insertRequests(tx, requests, deps);
}

/** What the request of a list's event says. */
export function requestOf({ event, properties }: ListEvent, distinct_id: string, tenant_id: string) {
  return {
    api_type: "event",
    name: event,
    body: { distinct_id, event, properties, tenant_id },
  } as const;
}
