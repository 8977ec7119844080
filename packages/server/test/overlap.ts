import type { Db, Queryable, Tx } from "../src/db/db.ts";
import { until } from "./harness.ts";

/**
 * Runs two transactions concurrently, in the order that tests locks: `second` begins when `first` has done its work,
 * and `first` commits when `second` waits for one of its locks, or has finished without waiting.
 */
export async function overlap(
  db: Db,
  first: (tx: Tx) => Promise<unknown>,
  second: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  let done: Promise<unknown> = Promise.resolve();
  await db.tx(async (tx) => {
    await first(tx);
    const begun = Promise.withResolvers<number>();
    done = db.tx(async (other) => {
      begun.resolve(await pidOf(other));
      await second(other);
    });
    done.catch(begun.reject);
    const pid = await begun.promise;
    await until(async () => (await isBlocked(tx, pid)) || (await isSettled(done)));
  });
  await done;
}

async function pidOf(db: Queryable): Promise<number> {
  const [row] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  return row?.pid ?? 0;
}

async function isBlocked(db: Queryable, pid: number): Promise<boolean> {
  const [row] = await db.query<{ blocked: boolean }>(
    "select cardinality(pg_blocking_pids($1)) > 0 as blocked",
    [pid],
  );
  return row?.blocked === true;
}

function isSettled(work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}
