import { createLru } from "../core/lru.ts";
import { insertAll, int, text } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";

/** Registers the names of tracked events, so that they can be selected and given a schema. */
export type EventRegister = (tx: Tx, workspace_id: number, names: readonly string[]) => Promise<void>;

const MAX_NAME = 255;
const MAX_KNOWN = 50_000;

/** Names that this process has already registered cost nothing. Names match case-insensitively. */
export function createEventRegister(): EventRegister {
  const known = createLru<true>(MAX_KNOWN);

  return async (tx, workspace_id, names) => {
    const fresh = new Map<string, string>();
    for (const name of names) {
      const key = name.toLowerCase();
      if (name === "" || key.length > MAX_NAME || known.get(`${workspace_id}/${key}`)) continue;
      if (!fresh.has(key)) fresh.set(key, name);
    }
    if (fresh.size === 0) return;
    // In key order, so that two transactions that register the same names cannot deadlock.
    await insertAll(
      tx,
      "event_def",
      [...fresh],
      {
        workspace_id: int(() => workspace_id),
        event_name: text(([key]) => key),
        name: text(([, name]) => name),
      },
      `order by event_name collate "C" on conflict do nothing`,
    );
    tx.afterCommit(() => {
      for (const key of fresh.keys()) known.set(`${workspace_id}/${key}`, true);
    });
  };
}
