import type { Queryable } from "../db/db.ts";

/** How many subscribe to each object, by its id; a count stops at `most`. Reads the primary key of `subscription`. */
export async function countSubscribers(
  db: Queryable,
  workspace_id: number,
  object_ids: readonly string[],
  most: number,
): Promise<Map<string, number>> {
  if (object_ids.length === 0) return new Map();
  const rows = await db.query<{ id: string; count: number }>(
    `select o.id, counted.count
       from unnest($2::text[]) as o(id)
      cross join lateral (
        select count(*)::int as count
          from (select from subscription s where s.workspace_id = $1 and s.object_id = o.id limit $3) as edges) as counted`,
    [workspace_id, [...new Set(object_ids)], most],
    "subscribers_count",
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}
