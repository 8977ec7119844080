import { LOCKS } from "../db/locks.ts";
import type { Db, Queryable } from "../db/db.ts";
import type { Stoppable } from "../db/session.ts";
import type { Log } from "../log.ts";

/**
 * Signals that this node is alive, by a lock that is released with its connection. If the node is alone on the
 * database, every claimed job belongs to a dead process, and is freed at once instead of after its heartbeat.
 */
export interface Presence {
  announce: () => Promise<void>;
  stop: () => Promise<void>;
}

export interface PresenceDeps {
  db: Db;
  log: Log;
  queues: string[];
  /** True if this process has claimed work before: then claimed jobs are not only those of dead processes. */
  isWorking: () => boolean;
}

const AGAIN_MS = 1000;

export function createPresence({ db, log, queues, isWorking }: PresenceDeps): Presence {
  let held: Stoppable | undefined;
  let announcing = false;
  let stopping = false;

  async function announce(): Promise<void> {
    const session = await db.session(() => void announceAgain());
    await withdraw();
    held = session;
    const [row] = await session.query<{ alone: boolean }>("select pg_try_advisory_lock($1) as alone", [
      LOCKS.workers,
    ]);
    if (row?.alone === true && !isWorking()) await freeOrphans(session);
    await session.query("select pg_advisory_lock_shared($1)", [LOCKS.workers]);
    if (row?.alone === true) await session.query("select pg_advisory_unlock($1)", [LOCKS.workers]);
  }

  /** Called when the connection broke. */
  async function announceAgain(): Promise<void> {
    // A session that breaks while announcing is reported twice: by its statement and by its end.
    if (announcing) return;
    announcing = true;
    while (announcing && !stopping) {
      try {
        await announce();
        announcing = false;
      } catch (error) {
        log.warn({ err: error }, "announcing this node failed; trying again");
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    if (stopping) await withdraw();
  }

  /** Stops a broken session too: it still occupies a place in the pool, which would keep the pool from closing. */
  async function withdraw(): Promise<void> {
    const session = held;
    held = undefined;
    await session?.stop();
  }

  async function freeOrphans(session: Queryable): Promise<void> {
    await session.query(
      `update pgboss.job set state = 'created', started_on = null, heartbeat_on = null, retry_count = retry_count + 1
        where state = 'active' and name = any($1)`,
      [queues],
    );
  }

  return {
    announce,
    async stop() {
      stopping = true;
      await withdraw();
    },
  };
}
