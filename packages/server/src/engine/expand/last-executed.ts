import { createLru } from "../../core/lru.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Run } from "../run.ts";

/**
 * Records when a workflow last began a run, to the minute: one write per minute and workflow, because one write per run
 * would be half the cost of a run. A row that is locked, by a commit or by another process that writes the same, is
 * left for the next time.
 */
export type NoteExecuted = (tx: Tx, runs: readonly Run[]) => Promise<void>;

const EVERY_MS = 60_000;
/** Workflows kept in memory. */
const MAX_KNOWN = 10_000;

/** `now`: milliseconds of any monotonic clock. */
export function createNoteExecuted(now: () => number = () => performance.now()): NoteExecuted {
  const noted = createLru<number>(MAX_KNOWN);

  return async (tx, runs) => {
    const time = now();
    const due = new Map<string, { workspace_id: number; slug: string }>();
    for (const { workspace_id, workflow } of runs) {
      const key = `${workspace_id}/${workflow.slug}`;
      if (time - (noted.get(key) ?? -Infinity) >= EVERY_MS)
        due.set(key, { workspace_id, slug: workflow.slug });
    }
    if (due.size === 0) return;
    const { from, values } = rowsOf("k", [...due.values()], {
      workspace_id: int((workflow) => workflow.workspace_id),
      slug: text((workflow) => workflow.slug),
    });
    await tx.query(
      `update workflow w set last_executed_at = now()
         from (select l.workspace_id, l.slug from ${from}
                 join workflow l on l.workspace_id = k.workspace_id and l.slug = k.slug
                where l.last_executed_at is null or l.last_executed_at < now() - interval '1 minute'
                  for no key update of l skip locked) due
        where w.workspace_id = due.workspace_id and w.slug = due.slug`,
      values,
      "workflows_executed",
    );
    tx.afterCommit(() => {
      for (const key of due.keys()) noted.set(key, time);
    });
  };
}
