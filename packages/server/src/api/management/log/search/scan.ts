import { type RawBuilder, sql } from "kysely";
import type { LogName } from "../../../../core/log-query/fields.ts";
import type { Queryable } from "../../../../db/db.ts";
import { ulidMs, ulidTime, uuidTime } from "../../../../ids.ts";
import type { Condition } from "../log-query.ts";

/**
 * A log is read from its end towards its beginning, in windows of time: the ids of its rows are in the order of time, so
 * a window is a range of the primary key, and of partitions. How much is read is bounded by time, not by rows that
 * match: who asks for something rare is told how far the search has come, and goes on from there.
 */
export interface Scan {
  log: LogName;
  workspace_id: number;
  conditions: readonly Condition[];
  since: Date;
  until: Date;
  /** Only rows whose ids are smaller; null: from the end. */
  before: string | null;
}

interface Table {
  from: RawBuilder<unknown>;
  id: RawBuilder<string>;
  created_at: RawBuilder<Date>;
  workspace_id: RawBuilder<number>;
  /** The smallest id of a millisecond. */
  idAt: (ms: number) => string;
  msOf: (id: string) => number;
  /** Rows that are not shown. */
  shown: Condition;
}

export const TABLES: Record<LogName, Table> = {
  request: {
    ...tableOf("request", "q"),
    idAt: uuidTime,
    msOf: (id) => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16),
    // The further pages of a fan-out belong to the request that started it.
    shown: sql`q.api_type <> 'fanout'`,
  },
  execution: { ...tableOf("run", "r"), idAt: ulidTime, msOf: ulidMs, shown: sql`true` },
  message: { ...tableOf("message", "m"), idAt: ulidTime, msOf: ulidMs, shown: sql`true` },
};

function tableOf(table: string, name: string) {
  return {
    from: sql`from ${sql.raw(`${table} ${name}`)}`,
    id: sql.ref<string>(`${name}.id`),
    created_at: sql.ref<Date>(`${name}.created_at`),
    workspace_id: sql.ref<number>(`${name}.workspace_id`),
  };
}

const MINUTE_MS = 60_000;
/** The clocks that make ids and that date rows may differ by so much. */
const MARGIN_MS = 600_000;
const FIRST_WINDOW_MS = 15 * MINUTE_MS;
const LARGEST_WINDOW_MS = 24 * 60 * MINUTE_MS;
/** A window that was read faster than this is followed by one four times as long. */
const FAST_MS = 100;
const SLOW_MS = 500;

/** From the end of the span towards its beginning, until `read` has enough, or the time is over. */
export async function scanWindows(
  { log, since, until, before }: Pick<Scan, "log" | "since" | "until" | "before">,
  budget_ms: number,
  read: (window: { from_id: string; to_id: string }) => Promise<"enough" | "more">,
): Promise<{ scanned_to: Date; is_complete: boolean }> {
  const { idAt, msOf } = TABLES[log];
  const start = since.getTime() - MARGIN_MS;
  const last = until.getTime() + MARGIN_MS;
  let to_id = before ?? idAt(last);
  let to = before === null ? last : Math.min(last, msOf(before) + 1);
  let length = FIRST_WINDOW_MS + MARGIN_MS;
  const ends = performance.now() + budget_ms;
  while (to > start) {
    const from = Math.max(start, to - length);
    const begun = performance.now();
    const from_id = idAt(Math.max(0, from));
    const enough = (await read({ from_id, to_id })) === "enough";
    const took = performance.now() - begun;
    to = from;
    to_id = from_id;
    if (enough) break;
    if (took < FAST_MS) length = Math.min(length * 4, LARGEST_WINDOW_MS);
    else if (took > SLOW_MS) length = Math.max(length / 4, MINUTE_MS);
    if (performance.now() > ends) break;
  }
  return { scanned_to: new Date(Math.max(since.getTime(), to)), is_complete: to <= start };
}

/** The part of a statement that selects the rows of a window. */
export function windowOf(
  { log, workspace_id, conditions, since, until }: Scan,
  { from_id, to_id }: { from_id: string; to_id: string },
): RawBuilder<unknown> {
  const table = TABLES[log];
  const all: Condition[] = [
    sql`${table.workspace_id} = ${workspace_id}`,
    sql`${table.id} >= ${from_id}`,
    sql`${table.id} < ${to_id}`,
    sql`${table.created_at} >= ${since}`,
    sql`${table.created_at} < ${until}`,
    table.shown,
    ...conditions,
  ];
  return sql`${table.from} where ${sql.join(all, sql` and `)}`;
}

export interface FoundIds {
  ids: string[];
  /** Where to go on; null: nothing is left in the span. */
  after: string | null;
  scanned_to: Date;
  is_complete: boolean;
}

/** The ids of the newest rows that match, at most `limit` of them. */
export async function findIds(
  db: Queryable,
  scan: Scan,
  limit: number,
  budget_ms: number,
): Promise<FoundIds> {
  const { id, idAt } = TABLES[scan.log];
  const ids: string[] = [];
  const { scanned_to, is_complete } = await scanWindows(scan, budget_ms, async (window) => {
    const { rows } = await sql<{ id: string }>`
      select ${id}::text as id ${windowOf(scan, window)} order by ${id} desc limit ${limit + 1 - ids.length}`.execute(
      db.kysely,
    );
    ids.push(...rows.map((row) => row.id));
    return ids.length > limit ? "enough" : "more";
  });
  if (ids.length > limit) {
    const shown = ids.slice(0, limit);
    const last = shown.at(-1) ?? "";
    return { ids: shown, after: last, scanned_to: new Date(TABLES[scan.log].msOf(last)), is_complete: false };
  }
  return {
    ids,
    after: is_complete ? null : idAt(Math.max(0, scanned_to.getTime())),
    scanned_to,
    is_complete,
  };
}
