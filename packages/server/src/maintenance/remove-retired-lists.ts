import { HOUR_MS, type Job } from "./job.ts";

const AT_ONCE = 10_000;

/**
 * Removes what versions of lists that nobody can reach any more hold: those of deleted lists, of drafts that were given
 * up, and those whose place a draft took; what a snapshot is of is still read. In short transactions: one may hold millions of members.
 */
export const removeRetiredLists: Job = {
  name: "remove retired lists",
  every_ms: HOUR_MS,
  async run({ db, log }) {
    let removed = 0;
    for (;;) {
      const [version] = await db.query<{ workspace_id: number; version_id: string }>(
        `select workspace_id, version_id from list_version v
          where state = 'retired' and not exists (
            select from list_snapshot s where s.workspace_id = v.workspace_id and s.version_id = v.version_id)
          order by version_id limit 1`,
      );
      if (version === undefined) break;
      const key = [version.workspace_id, version.version_id];
      const gone = await db.query(
        `delete from list_member where ctid = any(array(
           select ctid from list_member where workspace_id = $1 and version_id = $2 limit ${AT_ONCE}
              for update skip locked)) returning 1`,
        key,
      );
      removed += gone.length;
      if (gone.length === AT_ONCE) continue;
      await db.query("delete from list_version where workspace_id = $1 and version_id = $2", key);
    }
    if (removed > 0) log.info({ removed }, "removed members of retired lists");
  },
};
