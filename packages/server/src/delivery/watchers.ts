import type { Lane } from "../core/lane.ts";
import type { Tx } from "../db/db.ts";
import type { Queue } from "../queue/queue.ts";

/** A message whose status changed. */
export interface ChangedMessage {
  workspace_id: number;
  execution_id: string;
  tenant_id: string;
  lane: Lane;
  is_watched: boolean;
}

/** Wakes the runs that wait for the outcome of these messages, once the change is committed. */
export async function wakeWatchers(
  tx: Tx,
  changed: readonly ChangedMessage[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  const watched = changed.filter(({ is_watched }) => is_watched);
  const runs = new Map(watched.map((message) => [message.execution_id, message]));
  await queue.enqueue(
    tx,
    "listen",
    [...runs].map(([id, { workspace_id, tenant_id, lane }]) => ({ workspace_id, id, tenant_id, lane })),
  );
}
