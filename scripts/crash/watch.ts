import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../packages/server/src/db/db.ts";

/** Polls runs for any number of watchers, with one query for all of them: watching must not be the load. */
export interface Watch {
  /** The run of a request, once `isRight` accepts it; null if the watch ends first. */
  until: (request_id: string, isRight: (run: WatchedRun) => boolean) => Promise<WatchedRun | null>;
  /** Ends the watch. */
  stop: () => void;
}

export interface WatchedRun {
  is_over: boolean;
  wake_at: string | null;
}

const LOOK_MS = 200;

export function createWatch(db: Db): Watch {
  const watchers = new Map<
    string,
    { isRight: (run: WatchedRun) => boolean; resolve: (run: WatchedRun | null) => void }
  >();
  let looking = false;
  let stopped = false;

  async function look(): Promise<void> {
    looking = true;
    while (watchers.size > 0 && !stopped) {
      // The database may be unreachable.
      for (const { request_id, ...run } of await readRuns(db, [...watchers.keys()]).catch(() => [])) {
        const watcher = watchers.get(request_id);
        if (watcher?.isRight(run) !== true) continue;
        watchers.delete(request_id);
        watcher.resolve(run);
      }
      await sleep(LOOK_MS);
    }
    looking = false;
  }

  return {
    until: (request_id, isRight) =>
      new Promise((resolve) => {
        if (stopped) {
          resolve(null);
          return;
        }
        watchers.set(request_id, { isRight, resolve });
        if (!looking) void look();
      }),
    stop() {
      stopped = true;
      for (const { resolve } of watchers.values()) resolve(null);
      watchers.clear();
    },
  };
}

/** Uses the index on requests, which leads with the workspace. */
async function readRuns(db: Db, request_ids: string[]): Promise<(WatchedRun & { request_id: string })[]> {
  return db.query<WatchedRun & { request_id: string }>(
    `select r.request_id::text, r.status <> 'in_progress' as is_over, r.wake_at::text
       from workspace w, unnest($1::uuid[]) as k(request_id)
       join run r on r.request_id = k.request_id where r.workspace_id = w.workspace_id`,
    [request_ids],
  );
}
