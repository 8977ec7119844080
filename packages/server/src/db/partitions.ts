import { ulidTime, uuidTime } from "../ids.ts";
import type { Db, Queryable } from "./db.ts";

/**
 * The fast-growing tables are partitioned by week. Their keys begin with the time, so a range of keys is a
 * range of time, and a lookup by id touches one partition. Partitions are made four weeks ahead; the default
 * partition catches what would find none (a clock far off, maintenance that did not run), so that an insert
 * never fails, and keeps what must outlive its week: runs that still sleep, and their requests.
 */
interface PartitionedTable {
  table: string;
  key: string;
  bound: (ms: number) => string;
  /** Room that pages keep for updates, where rows are updated soon after they are made. */
  fillfactor?: number;
  /** Rows that stay when their partition expires. */
  keep?: string;
}

const TABLES: PartitionedTable[] = [
  {
    table: "request",
    key: "id",
    bound: uuidTime,
    keep: `status = 'accepted' or exists (select 1 from run where run.workspace_id = old.workspace_id
             and run.request_id = old.id and run.status = 'in_progress')`,
  },
  { table: "run", key: "id", bound: ulidTime, keep: "status = 'in_progress'" },
  { table: "message", key: "id", bound: ulidTime, fillfactor: 60 },
  { table: "message_event", key: "message_id", bound: ulidTime },
];

const WEEK_MS = 7 * 86_400_000;
const WEEKS_AHEAD = 4;
const LOCK = 4_150_912;

export interface Retention {
  request_days: number;
  run_days: number;
  message_days: number;
}

/** Makes the partitions of this week and the next ones, where they are missing. */
export async function ensurePartitions(db: Queryable, now = Date.now()): Promise<void> {
  const first = Math.floor(now / WEEK_MS) * WEEK_MS;
  const existing = new Set(
    (
      await db.query<{ name: string }>(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
          join pg_class p on p.oid = i.inhparent
         where p.relname = any($1) and p.relnamespace = current_schema()::regnamespace`,
        [TABLES.map(({ table }) => table)],
      )
    ).map(({ name }) => name),
  );
  for (const { table, bound, fillfactor = 100 } of TABLES) {
    for (let week = 0; week <= WEEKS_AHEAD; week++) {
      const from = first + week * WEEK_MS;
      const name = partitionName(table, from);
      if (existing.has(name)) continue;
      await db.query(
        `create table ${name} partition of ${table} for values from ('${bound(from)}') to ('${bound(from + WEEK_MS)}')
         with (fillfactor = ${fillfactor})`,
      );
    }
  }
}

/**
 * Drops partitions whose newest row is older than its class is kept. Rows that are still needed move to the
 * default partition first, in the same transaction. Returns the dropped names.
 */
export async function dropExpiredPartitions(
  db: Db,
  retention: Retention,
  now = Date.now(),
): Promise<string[]> {
  const days = { request: retention.request_days, run: retention.run_days, message: retention.message_days };
  const dropped: string[] = [];
  for (const { table, keep } of TABLES) {
    const kept = days[table === "message_event" ? "message" : (table as keyof typeof days)];
    const oldest = now - kept * 86_400_000 - WEEK_MS;
    for (const { name, from } of await listPartitions(db, table)) {
      if (from > oldest) continue;
      await db.tx(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [LOCK]);
        await tx.query(`alter table ${table} detach partition ${name}`);
        if (keep !== undefined)
          await tx.query(`insert into ${table} select * from ${name} old where ${keep}`);
        await tx.query(`drop table ${name}`);
      });
      dropped.push(name);
    }
  }
  return dropped;
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
