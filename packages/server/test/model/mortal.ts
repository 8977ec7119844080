import { createDb, type Db } from "../../src/db/db.ts";
import { randomToken } from "../../src/ids.ts";
import { type Harness, until } from "../harness.ts";
import { startWorker, type Worker, type WorkerOptions } from "../worker.ts";

/**
 * Workers that can be killed. Each connects to the database under its own role: when killed, it loses all connections
 * in the middle of its work, and can never reconnect. To the database this is the same as `kill -9`, but a hundred
 * times as many kills are possible as with processes.
 */
export interface Mortals {
  start: () => Promise<Mortal>;
  close: () => Promise<void>;
}

export interface Mortal {
  /** Kills it in the middle of a transaction, if it enters one soon; resolves when it is disconnected. */
  kill: () => Promise<void>;
  wake: Worker["wake"];
  /** The ordinary shutdown. */
  stop: () => Promise<void>;
}

export function createMortals(harness: Pick<Harness, "databaseUrl">, options: WorkerOptions = {}): Mortals {
  const admin = createDb({ url: harness.databaseUrl, max: 2, onError: () => {} });
  const roles: string[] = [];
  const stopping: Promise<void>[] = [];
  return {
    async start() {
      const role = `mortal_${randomToken(9).toLowerCase().replaceAll("-", "_")}`;
      await admin.query(`create role "${role}" login superuser password '${role}'`);
      roles.push(role);
      const url = new URL(harness.databaseUrl);
      url.username = url.password = role;
      const worker = await startWorker({ databaseUrl: url.href }, options);
      return {
        async kill() {
          await cutOff(admin, role);
          // It may still call vendors; their responses are lost.
          stopping.push(worker.stop());
        },
        wake: worker.wake,
        stop: worker.stop,
      };
    },
    async close() {
      await Promise.all(stopping);
      for (const role of roles) await admin.query(`drop role "${role}"`);
      await admin.close();
    },
  };
}

/** How long to wait for a transaction. */
const PATIENCE_MS = 500;

async function cutOff(admin: Db, role: string): Promise<void> {
  const cut = (when: string) =>
    admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and ${when}`, [
      role,
    ]);
  const inside = "exists (select from pg_stat_activity where usename = $1 and state = 'idle in transaction')";
  const deadline = Date.now() + PATIENCE_MS;
  await until(async () => (await cut(inside)).length > 0 || Date.now() > deadline);
  await admin.query(`alter role "${role}" nologin`);
  // Repeats until no connection is left that had logged in before that.
  await until(async () => (await cut("true")).length === 0);
}
