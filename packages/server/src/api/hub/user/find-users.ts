import type { Queryable } from "../../../db/db.ts";
import { findIds } from "../../../recipients/read.ts";

/** The stored ids of users; distinct_ids without a user are left out. */
export async function findUsers(
  db: Queryable,
  workspace_id: number,
  distinct_ids: readonly string[],
): Promise<string[]> {
  const keys = distinct_ids.map((distinct_id) => ({ object_type: "", distinct_id }));
  return [...(await findIds(db, workspace_id, keys)).values()];
}
