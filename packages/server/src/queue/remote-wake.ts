import type { Db } from "../db/db.ts";
import type { Log } from "../log.ts";

/** The channel on which `listen` receives queue names. */
export const WAKE_CHANNEL = "carillon_wake";
const NOTIFY_MS = 20;

/** Wakes loops of other processes: one statement at a time, and rarely while this process can do the work. */
export function createRemoteWake(
  db: Db,
  log: Log,
): { wake: (queue: string, servedHere: boolean) => void; stop: () => void } {
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  async function flush(): Promise<void> {
    const queues = [...pending];
    pending.clear();
    try {
      await db.query("select pg_notify($1, queue) from unnest($2::text[]) queue", [WAKE_CHANNEL, queues]);
    } catch (error) {
      log.warn({ err: error }, "waking other nodes failed; they poll");
    }
    timer = undefined;
    if (pending.size > 0) schedule(NOTIFY_MS);
  }
  function schedule(delay: number): void {
    timer ??= setTimeout(() => void flush(), delay);
  }
  return {
    wake(queue, servedHere) {
      pending.add(queue);
      schedule(servedHere ? NOTIFY_MS : 0);
    },
    stop: () => clearTimeout(timer),
  };
}
