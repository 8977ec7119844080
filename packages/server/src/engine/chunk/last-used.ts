import { createLru } from "../../core/lru.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";

/**
 * Records when a workflow last began a run, or a template last made a message, to the minute: one write per minute and
 * slug, because one write per run would be half the cost of a run. A row that is locked, by a commit or by another process
 * that writes the same, is left for the next time.
 */
export type NoteUsed = (tx: Tx, used: readonly Used[]) => Promise<void>;

export interface Used {
  workspace_id: number;
  slug: string;
}

const COLUMNS = { workflow: "last_executed_at", template: "last_triggered_at" } as const;

const EVERY_MS = 60_000;
/** Slugs kept in memory. */
const MAX_KNOWN = 10_000;

/** `now`: milliseconds of any monotonic clock. */
export function createNoteUsed(
  table: keyof typeof COLUMNS,
  now: () => number = () => performance.now(),
): NoteUsed {
  const noted = createLru<number>(MAX_KNOWN);
  const column = COLUMNS[table];

  return async (tx, used) => {
    const time = now();
    const due = new Map<string, Used>();
    for (const { workspace_id, slug } of used) {
      const key = `${workspace_id}/${slug}`;
      if (time - (noted.get(key) ?? -Infinity) >= EVERY_MS) due.set(key, { workspace_id, slug });
    }
    if (due.size === 0) return;
    const { from, values } = rowsOf("k", [...due.values()], {
      workspace_id: int((one) => one.workspace_id),
      slug: text((one) => one.slug),
    });
    await tx.query(
      `update ${table} w set ${column} = now()
         from (select l.workspace_id, l.slug from ${from}
                 join ${table} l on l.workspace_id = k.workspace_id and l.slug = k.slug
                where l.${column} is null or l.${column} < now() - interval '1 minute'
                  for no key update of l skip locked) due
        where w.workspace_id = due.workspace_id and w.slug = due.slug`,
      values,
      `${table}s_used`,
    );
    tx.afterCommit(() => {
      for (const key of due.keys()) noted.set(key, time);
    });
  };
}
