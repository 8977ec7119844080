import { readdir, readFile } from "node:fs/promises";
import type { Db, Tx } from "./db.ts";
import { ensurePartitions } from "./partitions.ts";

/**
 * Numbered, forward-only SQL files, applied at start under an advisory lock, so that any number of nodes may
 * start at once. A file that has been applied is never edited.
 */
const FOLDER = new URL("./migrations/", import.meta.url);
const LOCK = 4_150_911;

export class MigrationError extends Error {
  override name = "MigrationError";
}

/** Brings the schema to this version. Refuses a database that is newer than this program. */
export async function migrate(db: Db): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  await db.tx(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [LOCK]);
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
  // A table that is busy is left to maintenance; until then the default partition catches.
  await ensurePartitions(db);
}

async function apply(tx: Tx, name: string): Promise<void> {
  await tx.query(await readFile(new URL(name, FOLDER), "utf8"));
  await tx.query("insert into migration (name) values ($1)", [name]);
}

const OLDEST = 150_000;

export interface ServerVersion {
  /** `server_version_num`: 150004 is 15.4. */
  number: number;
  text: string;
}

export async function checkServerVersion(db: Db): Promise<void> {
  const [version] = await db.query<ServerVersion>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  if (version !== undefined) refuseOldServer(version);
}

/** Refuses a server that is too old, with one line. */
export function refuseOldServer({ number, text }: ServerVersion): void {
  if (number >= OLDEST) return;
  throw new MigrationError(`PostgreSQL ${text} is too old: Carillon needs 15 or newer.`);
}
