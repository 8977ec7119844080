import type { Db } from "./db.ts";

/** Shorter than a monitor waits. */
const PATIENCE = "2s";

/**
 * Takes, and lets go, the locks that every write takes, so that a table somebody has locked for hours, and a server
 * that was made read-only, are found without writing anything. Throws the server's refusal.
 */
export async function checkWrites(db: Db): Promise<void> {
  await db.tx(async (tx) => {
    await tx.query(`set local lock_timeout to '${PATIENCE}'`);
    await tx.query("lock table recipient, request, run, message, pgboss.job in row exclusive mode");
    // The cheapest write: taken back, and refused where nothing may be written.
    await tx.query("select txid_current()");
  });
}
