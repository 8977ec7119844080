import { LOCKS } from "./locks.ts";
import { ulidTime, uuidTime } from "../ids.ts";
import type { Db, Queryable, Tx } from "./db.ts";
import { isLockTimeout } from "./fault.ts";

/**
 * The fast-growing tables are partitioned by week. Their keys begin with the time, so a range of keys is a range of
 * time, and a lookup by id touches one partition. Partitions are created four weeks ahead; the default partition takes
 * rows without one (a clock far off, maintenance that did not run), so that an insert never fails, and keeps what must
 * outlive its week: unfinished rows.
 *
 * Changing partitions locks a live table. Each table is changed in a short transaction of its own, which gives up if
 * the table is busy for longer than `PATIENCE` (a backup reads all tables for hours): a waiting lock blocks every later
 * statement on the table, and the next pass can do the work. Any number of nodes may run passes at once.
 *
 * Time is the database's. Keys carry the clock of the process that made them, and one that is weeks off must cost nobody a
 * history: what is dropped is looked at by `written_at`, which the database stamps, and a pass drops a few weeks at
 * most, so that even a wrong clock of the database leaves somebody time to notice.
 */
interface PartitionedTable {
  table: "request" | "run" | "message" | "message_event";
  key: "id" | "message_id";
  /** When the database stored a row. */
  written_at: "created_at" | "at";
  bound: (ms: number) => string;
  /** How long rows are kept. */
  days: keyof Retention;
  /** Free space that pages reserve for updates, where rows are updated soon after they are inserted. */
  fillfactor?: number;
  /** Rows of `old` that stay after they expire. A row may stop being one of them, but never become one. */
  keep?: string;
}

export interface Retention {
  request_days: number;
  run_days: number;
  message_days: number;
}

const TABLES: PartitionedTable[] = [
  {
    table: "request",
    key: "id",
    written_at: "created_at",
    bound: uuidTime,
    days: "request_days",
    // Only its job shows that a request still waits to be expanded: its own status is not written again. A broadcast
    // reads its payload from it until its end.
    keep: `exists (select from run where run.workspace_id = old.workspace_id and run.request_id = old.id
                      and run.status = 'in_progress')
           or old.id in (select jsonb_array_elements_text(refs -> 1)::uuid
                           from pgboss.job, jsonb_array_elements(data -> 'refs') as refs
                          where name like 'expand-%' and state <= 'active')
           or exists (select from broadcast b where b.workspace_id = old.workspace_id and b.request_id = old.id
                         and b.status in ('scheduled', 'in_progress'))`,
  },
  {
    table: "run",
    key: "id",
    written_at: "created_at",
    bound: ulidTime,
    days: "run_days",
    keep: "old.status = 'in_progress'",
  },
  {
    table: "message",
    key: "id",
    written_at: "created_at",
    bound: ulidTime,
    days: "message_days",
    fillfactor: 60,
    keep: "old.status in ('triggered', 'to_be_triggered')",
  },
  { table: "message_event", key: "message_id", written_at: "at", bound: ulidTime, days: "message_days" },
];

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const WEEKS_AHEAD = 4;
const PATIENCE = "3s";
const PURGE_BATCH = 5000;
/** Weeks of one table that a pass drops. */
const MOST_WEEKS = 4;

/** The result of a pass. Busy tables are left for the next one. */
export interface PartitionPass {
  changed: string[];
  busy: string[];
}

export interface DropPass extends PartitionPass {
  /** Expired by their keys, and kept: the database has stored rows in them within the retention. */
  young: string[];
  /** Expired, and left for the next passes, because this one has dropped enough. */
  left: string[];
}

/** The database's clock, in milliseconds. */
export async function databaseTime(db: Queryable): Promise<number> {
  const [row] = await db.query<{ ms: number }>("select extract(epoch from now())::float8 * 1000 as ms");
  if (row === undefined) throw new Error("the database has no time");
  return Math.floor(row.ms);
}

/**
 * Creates the missing partitions of this week and the next ones. Rows of those weeks in the default partition are moved
 * to them: PostgreSQL would refuse a partition whose rows lie in the default one.
 */
export async function ensurePartitions(db: Db, at?: number): Promise<PartitionPass> {
  const pass: PartitionPass = { changed: [], busy: [] };
  const first = Math.floor((at ?? (await databaseTime(db))) / WEEK_MS) * WEEK_MS;
  const wanted = Array.from({ length: WEEKS_AHEAD + 1 }, (_none, week) => first + week * WEEK_MS);
  for (const one of TABLES) {
    const missing = async (on: Queryable) => {
      const existing = new Set((await listPartitions(on, one.table)).map(({ from }) => from));
      return wanted.filter((from) => !existing.has(from));
    };
    if ((await missing(db)).length === 0) continue;
    await alter(db, one, pass, async (tx) => {
      const made: string[] = [];
      for (const from of await missing(tx)) made.push(await makePartition(tx, one, from));
      return made;
    });
  }
  return pass;
}

/** Attaches, which lets reads and writes of the other partitions continue; `create … partition of` blocks them all. */
async function makePartition(
  tx: Tx,
  { table, key, bound, fillfactor = 100 }: PartitionedTable,
  from: number,
): Promise<string> {
  const name = partitionName(table, from);
  const [low, high] = [bound(from), bound(from + WEEK_MS)];
  // Locked before rows are moved, so that none are inserted afterwards.
  await tx.query(`lock table ${table}_default in access exclusive mode`);
  await tx.query(
    `create table ${name} (like ${table} including defaults including constraints) with (fillfactor = ${fillfactor})`,
  );
  await tx.query(
    `with moved as (delete from ${table}_default where ${key} >= '${low}' and ${key} < '${high}' returning *)
     insert into ${name} select * from moved`,
  );
  await tx.query(`alter table ${table} attach partition ${name} for values from ('${low}') to ('${high}')`);
  return name;
}

/**
 * Drops partitions whose newest row is past its retention, and clears equally old rows from the default partition.
 * Unfinished rows move to the default partition.
 */
export async function dropExpiredPartitions(
  db: Db,
  retention: Retention,
  { at, most = MOST_WEEKS }: { at?: number; most?: number } = {},
): Promise<DropPass> {
  const pass: DropPass = { changed: [], busy: [], young: [], left: [] };
  const now = at ?? (await databaseTime(db));
  for (const one of TABLES) {
    const expired = now - retention[one.days] * DAY_MS;
    let dropped = 0;
    for (const { name, from } of await listPartitions(db, one.table)) {
      if (from + WEEK_MS > expired || pass.busy.includes(one.table)) break;
      if (dropped === most) {
        pass.left.push(name);
        continue;
      }
      await alter(db, one, pass, async (tx) => {
        // Another node may have dropped it while this one waited for the lock.
        const still = (await listPartitions(tx, one.table)).some((partition) => partition.name === name);
        if (!still) return [];
        if (await hasYoung(tx, one, name, expired)) {
          pass.young.push(name);
          return [];
        }
        await dropPartition(tx, one, name);
        dropped++;
        return [name];
      });
    }
    await purgeDefault(db, one, expired);
  }
  return pass;
}

/** Reads a partition whole, which is about to be dropped. */
async function hasYoung(
  db: Queryable,
  { written_at }: PartitionedTable,
  name: string,
  expired: number,
): Promise<boolean> {
  const [row] = await db.query<{ young: boolean }>(
    `select exists (select from ${name} where ${written_at} >= $1) as young`,
    [new Date(expired)],
  );
  return row?.young === true;
}

/** Finds the rows to keep before the table is locked, so that under the lock only their keys are looked up. */
async function dropPartition(tx: Tx, { table, key, keep }: PartitionedTable, name: string): Promise<void> {
  if (keep !== undefined) {
    await tx.query(
      `create temporary table kept on commit drop as select workspace_id, ${key} from ${name} old where ${keep}`,
    );
  }
  await tx.query(`alter table ${table} detach partition ${name}`);
  if (keep !== undefined) {
    await tx.query(
      `insert into ${table} select old.* from ${name} old join kept using (workspace_id, ${key})`,
    );
  }
  await tx.query(`drop table ${name}`);
}

/**
 * Deletes kept rows that have finished since, and rows of a lagging clock, which were never in a partition, and stay as long
 * as others.
 */
async function purgeDefault(db: Db, one: PartitionedTable, expired: number): Promise<void> {
  const { table, key, bound, written_at, keep = "false" } = one;
  let purged: unknown[];
  do {
    purged = await db.query(
      `delete from ${table}_default where ctid in (
         select old.ctid from ${table}_default old where old.${key} < $1 and old.${written_at} < $2 and not (${keep})
          limit ${PURGE_BATCH})
       returning 1`,
      [bound(expired), new Date(expired)],
    );
  } while (purged.length === PURGE_BATCH);
}

/** Changes one table in a transaction of its own, one node at a time. */
async function alter(
  db: Db,
  { table }: PartitionedTable,
  pass: PartitionPass,
  change: (tx: Tx) => Promise<string[]>,
): Promise<void> {
  try {
    const changed = await db.tx(async (tx) => {
      await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.partitions]);
      await tx.query(`set local lock_timeout = '${PATIENCE}'`);
      return change(tx);
    });
    pass.changed.push(...changed);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    pass.busy.push(table);
  }
}

async function listPartitions(db: Queryable, table: string): Promise<{ name: string; from: number }[]> {
  const rows = await db.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = $1::regclass order by c.relname`,
    [table],
  );
  return rows.flatMap(({ name }) => {
    const date = /_w(\d{4})(\d{2})(\d{2})$/.exec(name);
    return date ? [{ name, from: Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3])) }] : [];
  });
}

function partitionName(table: string, from: number): string {
  return `${table}_w${new Date(from).toISOString().slice(0, 10).replaceAll("-", "")}`;
}
