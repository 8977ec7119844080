import type { Db } from "../../db/db.ts";
import { storableJson } from "../../core/text/text.ts";
import { closeSnapshots } from "../../lists/snapshots.ts";
import { problem } from "../problem.ts";

/** Which broadcasts to cancel: all given conditions must hold. */
export interface BroadcastFilter {
  execution_id: string | null;
  list_id: string | null;
  idempotency_key: string | null;
}

/** It waits for the page that is being written. */
const STATEMENT_MS = 60_000;

/**
 * Cancels broadcasts that are scheduled or under way: no page begins once this has returned. Messages of earlier pages
 * stay. Returns the ids of those that it cancelled.
 */
export function cancelBroadcasts(db: Db, workspace_id: number, filter: BroadcastFilter): Promise<string[]> {
  const { execution_id, list_id, idempotency_key } = filter;
  return db.patient(STATEMENT_MS).tx(
    async (tx) => {
      const rows = await tx.query<{
        id: string;
        request_id: string;
        snapshot_id: string | null;
        begun: boolean;
      }>(
        `select id, request_id, snapshot_id, begun_at is not null as begun from broadcast
          where workspace_id = $1 and status in ('scheduled', 'in_progress') and ($2::text is null or id = $2)
            and ($3::text is null or list_id = $3) and ($4::text is null or idempotency_key = $4)
          order by id for no key update`,
        [workspace_id, execution_id, list_id, idempotency_key],
      );
      if (rows.length === 0) return [];
      const ids = rows.map(({ id }) => id);
      await tx.query(
        `update broadcast set status = 'cancelled', wake_at = null, ended_at = now(), updated_at = now()
          where workspace_id = $1 and id = any($2)`,
        [workspace_id, ids],
      );
      await closeSnapshots(
        tx,
        workspace_id,
        rows.flatMap(({ snapshot_id }) => snapshot_id ?? []),
      );
      const entry = { ...problem(null, "cancelled", "cancelled via API before it began"), severity: "info" };
      await tx.query(
        "update request set status = 'cancelled', errors = $3, updated_at = now() where workspace_id = $1 and id = any($2)",
        [
          workspace_id,
          rows.filter(({ begun }) => !begun).map(({ request_id }) => request_id),
          storableJson([entry]),
        ],
      );
      return ids;
    },
    { again: true },
  );
}
