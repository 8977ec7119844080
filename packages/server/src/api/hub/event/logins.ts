import type { UserEditRecord } from "../../../core/event-record.ts";
import type { Tx } from "../../../db/db.ts";
import type { Services } from "../../../services.ts";
import { lockUsers, mergeUsers } from "../user/merge-users.ts";

/**
 * Gives users who have logged in what was known of them before, under the id that their browser had made. An id that is
 * itself somebody's since an earlier login is never merged away: two people may share a browser. Returns why a login's
 * anonymous user was left alone; its user exists all the same.
 */
export async function applyLogins(
  tx: Tx,
  services: Pick<Services, "recipients" | "engine" | "announce">,
  workspace_id: number,
  edits: readonly UserEditRecord[],
): Promise<Map<UserEditRecord, string>> {
  const refusals = new Map<UserEditRecord, string>();
  for (const edit of edits) {
    if (edit.login === null) continue;
    const { distinct_id, login } = edit;
    const named = login.anon_id === null ? [distinct_id] : [distinct_id, login.anon_id];
    const rows = await lockUsers(tx, workspace_id, named);
    const to = rows.get(distinct_id);
    if (to === undefined) continue;
    const from = login.anon_id === null ? undefined : rows.get(login.anon_id);
    if (from !== undefined && from.identified_at === null) {
      await tx.query("savepoint login");
      const refusal = await mergeUsers(tx, services, workspace_id, { from, to });
      if (refusal !== null) {
        await tx.query("rollback to savepoint login");
        refusals.set(edit, `$anon_id: ${refusal}`);
      }
      await tx.query("release savepoint login");
    }
    if (to.identified_at !== null) continue;
    await tx.query("update recipient set identified_at = now() where workspace_id = $1 and id = $2", [
      workspace_id,
      to.id,
    ]);
  }
  return refusals;
}
