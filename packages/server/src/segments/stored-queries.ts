import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";

/** The query of a list whose members it finds. */
export interface StoredQuery {
  /** Of the query: a changed one has a new version. */
  version_id: string;
  version_no: number;
  query_text: string;
  /** False: its members stay as they are. */
  is_enabled: boolean;
  refreshed_at: Date | null;
  /** Why the last refresh failed. */
  error: string | null;
  updated_at: Date;
}

export const REFRESH_MINUTES = 15;

export async function findQuery(
  db: Queryable,
  workspace_id: number,
  list_id: string,
): Promise<StoredQuery | null> {
  const [row = null] = await db.query<StoredQuery>(
    `select version_id, version_no, query_text, is_enabled, refreshed_at, error, updated_at from list_query
      where workspace_id = $1 and list_id = $2`,
    [workspace_id, list_id],
    "list_query_find",
  );
  return row;
}

/** Stores the query of a new list, or changes it. Undefined: unchanged. The caller queues its refresh. */
export async function saveQuery(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  change: { query_text?: string | undefined; is_enabled?: boolean | undefined },
  ids: IdSource,
): Promise<void> {
  const { query_text, is_enabled } = change;
  await tx.query(
    `insert into list_query as known (workspace_id, list_id, version_id, query_text, is_enabled)
     values ($1, $2, $3, $4, coalesce($5, true))
     on conflict (workspace_id, list_id) do update
        set version_id = case when known.query_text = excluded.query_text then known.version_id else excluded.version_id end,
            version_no = known.version_no + (known.query_text <> excluded.query_text)::int,
            query_text = excluded.query_text, is_enabled = coalesce($5, known.is_enabled), updated_at = now(),
            refresh_at = null`,
    [workspace_id, list_id, `st_v_${ids.ulid()}`, query_text, is_enabled ?? null],
  );
}

/** Notes what became of a refresh, and when the next one is due. */
export async function noteRefresh(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  error: string | null,
): Promise<void> {
  await tx.query(
    `update list_query
        set refreshed_at = case when $3::text is null then now() else refreshed_at end, error = $3,
            refresh_at = case when is_enabled then now() + interval '${REFRESH_MINUTES} minutes' end
      where workspace_id = $1 and list_id = $2`,
    [workspace_id, list_id, error],
  );
}
