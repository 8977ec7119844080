import { LOCKS } from "./locks.ts";
import { readdir, readFile } from "node:fs/promises";
import type { Db, Tx } from "./db.ts";
import { ensurePartitions } from "./partitions.ts";

/**
 * Numbered, forward-only SQL files, applied at start under an advisory lock, so that any number of nodes may
 * start at once. A file that has been applied is never edited.
 */
const FOLDER = new URL("./migrations/", import.meta.url);

export class MigrationError extends Error {
  override name = "MigrationError";
}

/** A statement may rewrite a large table, and other nodes wait for the one that does. */
const STATEMENT_MS = 3_600_000;

/** Brings the schema to this version. Refuses a database that is newer than this program. */
export async function migrate(database: Db): Promise<void> {
  const db = database.patient(STATEMENT_MS);
  const files = (await readdir(FOLDER)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  await db.tx(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.migrations]);
    await tx.query(
      `create table if not exists migration (
         name text collate "C" primary key, applied_at timestamptz not null default now())`,
    );
    const applied = new Set(
      (await tx.query<{ name: string }>("select name from migration")).map((row) => row.name),
    );
    const unknown = [...applied].filter((name) => !files.includes(name));
    if (unknown.length > 0) {
      throw new MigrationError(
        `The database was migrated by a newer Carillon (${unknown.join(", ")}). Start that version or newer.`,
      );
    }
    for (const name of files) if (!applied.has(name)) await apply(tx, name);
  });
  // A busy table is left to maintenance; until then the default partition takes its rows.
  await ensurePartitions(db);
}

async function apply(tx: Tx, name: string): Promise<void> {
  await tx.query(await readFile(new URL(name, FOLDER), "utf8")).catch((cause: unknown) => {
    if (!isTaken(cause)) throw cause;
    throw new MigrationError(
      `The database holds something that Carillon did not make (${cause.message}). Give it a database of its own.`,
      { cause },
    );
  });
  await tx.query("insert into migration (name) values ($1)", [name]);
}

/** A table, a schema, a function or a type of that name already exists. */
function isTaken(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^(42P0[67]|42710|42723)$/.test(String(error.code));
}
