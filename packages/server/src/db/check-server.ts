import type { Db, Queryable } from "./db.ts";

/**
 * Checks that a database meets the requirements before anything is created in it. A text that cannot be stored, or a
 * table that may not be created, would otherwise fail in the middle of a request.
 */
export interface ServerFacts {
  /** `server_version_num`: 150004 is 15.4. */
  version: number;
  version_text: string;
  /** `server_encoding`: the encoding of the database. */
  encoding: string;
  database: string;
  role: string;
  /** True on a standby or a server configured as read-only. */
  is_read_only: boolean;
  /** The schema where tables would be created; null: the role cannot use any schema of its search path. */
  schema: string | null;
  may_make_tables: boolean;
  /** The job engine has a schema of its own. */
  may_make_schemas: boolean;
  has_job_schema: boolean;
}

/** A database that Carillon cannot use or cannot reach. The message is one line with the reason and the remedy. */
export class DatabaseRefusal extends Error {
  override name = "DatabaseRefusal";
}

/** Throws `DatabaseRefusal`. */
export async function checkServer(db: Queryable): Promise<void> {
  const [facts] = await db.query<ServerFacts>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as version_text,
            current_setting('server_encoding') as encoding, current_database()::text as database,
            current_user::text as role, current_setting('transaction_read_only')::bool as is_read_only,
            current_schema()::text as schema,
            coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_make_tables,
            has_database_privilege(current_database(), 'create') as may_make_schemas,
            to_regnamespace('pgboss') is not null as has_job_schema`,
  );
  const reason = facts === undefined ? null : reasonAgainst(facts);
  if (reason !== null) throw new DatabaseRefusal(reason);
}

/**
 * Refuses what gives a connection another session for each transaction, as a pooler in transaction mode does: prepared
 * statements, LISTEN and the locks of sessions would sometimes work and sometimes not. Two connections trade places
 * here if they can. Needs both.
 */
export async function checkSessions(db: Pick<Db, "session">): Promise<void> {
  const one = await db.session(() => {});
  try {
    const other = await db.session(() => {});
    try {
      // A pooler gives the session that was freed last, or the one that has been free for longest.
      const orders = [
        [one, other],
        [other, one],
      ] as const;
      for (const order of orders) {
        if (await isTraded(one, other, order)) throw new DatabaseRefusal(POOLED);
      }
    } finally {
      await other.stop();
    }
  } finally {
    await one.stop();
  }
}

const POOLED =
  "A pooler stands before the database that gives a connection another session for each transaction. Carillon needs sessions of its own: set DATABASE_URL to the database itself, or the pooler to session mode (pool_mode = session).";

/** Whether the first is served by another process of the server after both have ended their transactions. */
async function isTraded(
  first: Queryable,
  second: Queryable,
  endings: readonly Queryable[],
): Promise<boolean> {
  await first.query("begin");
  const before = await processOf(first);
  await second.query("begin");
  for (const one of endings) await one.query("commit");
  await first.query("begin");
  const after = await processOf(first);
  await first.query("commit");
  return before !== after;
}

async function processOf(db: Queryable): Promise<number> {
  const [row] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  return row?.pid ?? 0;
}

const OLDEST = 150_000;

/** Why a database is unsuitable; null if it is suitable. */
export function reasonAgainst(facts: ServerFacts): string | null {
  const { version, version_text, encoding, is_read_only, schema } = facts;
  const database = quoted(facts.database);
  const role = quoted(facts.role);
  if (version < OLDEST) return `PostgreSQL ${version_text} is too old: Carillon needs 15 or newer.`;
  if (encoding !== "UTF8") {
    return `The database ${database} has the encoding ${encoding}, which cannot hold every text: Carillon needs UTF8. Make another (create database carillon encoding 'UTF8' template template0) and set DATABASE_URL to it.`;
  }
  if (is_read_only) {
    return `The database ${database} takes no writes: it is a standby, or set to read only. Set DATABASE_URL to the primary.`;
  }
  const owner = `let it own the database (alter database ${database} owner to ${role})`;
  if (schema === null) {
    return `The user ${role} can use no schema of the database ${database}: ${owner}, or name one in its search_path.`;
  }
  if (!facts.may_make_tables) {
    return `The user ${role} may not make tables in the database ${database}: ${owner}, or grant create on schema ${quoted(schema)} to ${role}.`;
  }
  if (!facts.may_make_schemas && !facts.has_job_schema) {
    return `The user ${role} may not make a schema in the database ${database}: ${owner}, or grant create on database ${database} to ${role}.`;
  }
  return null;
}

/** Quoted as SQL requires, so that advice can be pasted. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
