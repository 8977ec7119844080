import type { Queryable } from "../db/db.ts";

/** The recipient who has this id, or has taken over the one who had it. Null: deleted, or there never was one. */
export async function findCurrentId(db: Queryable, workspace_id: number, id: string): Promise<string | null> {
  const values = [workspace_id, id];
  const [own] = await db.query("select 1 from recipient where workspace_id = $1 and id = $2", values);
  if (own !== undefined) return id;
  const [heir] = await db.query<{ recipient_id: string }>(
    "select recipient_id from merged_user where workspace_id = $1 and $2 = any(former_ids) limit 1",
    values,
  );
  return heir?.recipient_id ?? null;
}
