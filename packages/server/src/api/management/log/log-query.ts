import { type RawBuilder, sql, type SqlBool } from "kysely";
import type { z } from "zod";
import type { Queryable } from "../../../db/db.ts";
import { type Cursor, type cursorMeta, MAX_LOG_COUNT, readPage, type Slice } from "../../../http/cursor.ts";
import { instantFilter, textFilter } from "../../filter-values.ts";

/** What the logs of requests and executions share: a time span, recipients by name, and reading a page. */

export type Condition = RawBuilder<SqlBool>;

/** An id or a key; these are trimmed on accept. */
export const trimmedFilter = textFilter.transform((text) => text?.trim());

/** The same names as in `explain` and `redrive`. */
export const spanQuery = {
  since: instantFilter.describe("RFC 3339, inclusive."),
  until: instantFilter.describe("RFC 3339, exclusive."),
};

export function refuseEmptySpan(
  { since, until }: { since?: Date | undefined; until?: Date | undefined },
  ctx: z.RefinementCtx,
): void {
  if (since === undefined || until === undefined || since < until) return;
  ctx.addIssue({ code: "custom", path: ["until"], message: "must be after since" });
}

/** A workflow by its slug. The wire's message list uses the second name for this filter. */
export const workflowQuery = {
  workflow: textFilter.describe("Slug of a workflow."),
  workflow_slug: textFilter.describe("The same as workflow."),
};

interface NamedTwice {
  workflow?: string | undefined;
  workflow_slug?: string | undefined;
}

export function refuseTwoWorkflows({ workflow, workflow_slug }: NamedTwice, ctx: z.RefinementCtx): void {
  if (!workflow || !workflow_slug || workflow === workflow_slug) return;
  ctx.addIssue({ code: "custom", path: ["workflow_slug"], message: "must be the same as workflow" });
}

/** The maximum difference between the clock that made an id and the database's. */
const CLOCK_MARGIN_MS = 600_000;

/**
 * Rows created in a time span. It is also a range of ids, by which the partitions and the primary key are ordered;
 * `firstId` returns the smallest id of a millisecond.
 */
export function madeIn(
  row: "q" | "r",
  { since, until }: { since?: Date | undefined; until?: Date | undefined },
  firstId: (ms: number) => string,
): Condition[] {
  const [id, created_at] = [sql.ref(`${row}.id`), sql.ref(`${row}.created_at`)];
  const conditions: Condition[] = [];
  if (since !== undefined) {
    const from = firstId(Math.max(0, since.getTime() - CLOCK_MARGIN_MS));
    conditions.push(sql`${created_at} >= ${since}`, sql`${id} >= ${from}`);
  }
  if (until !== undefined) {
    const to = firstId(Math.max(0, until.getTime() + CLOCK_MARGIN_MS));
    conditions.push(sql`${created_at} < ${until}`, sql`${id} < ${to}`);
  }
  return conditions;
}

/**
 * Runs of the recipients with a name: with a slash it may be a user's id or `object_type/id`. Relies on run by
 * recipient.
 */
export function isOf(name: string): Condition {
  const slash = name.indexOf("/");
  const user = sql<SqlBool>`r.distinct_id = ${name} and r.object_type = ''`;
  if (slash < 1) return sql`(${user})`;
  const [object_type, id] = [name.slice(0, slash), name.slice(slash + 1)];
  return sql`(r.distinct_id in (${name}, ${id}) and (${user} or r.distinct_id = ${id} and r.object_type = ${object_type}))`;
}

export interface Log<Row> {
  from: RawBuilder<unknown>;
  conditions: Condition[];
  id: "q.id" | "r.id";
  /** Selects from the rows that remain after cutting the page. */
  select: (page: RawBuilder<unknown>, order: RawBuilder<unknown>) => RawBuilder<Row>;
}

/** One page of a log, newest first, and the number of all matching rows, counted up to a limit. */
export async function readLog<Row extends { id: string }>(
  db: Queryable,
  cursor: Cursor,
  { from, conditions, id, select }: Log<Row>,
): Promise<{ rows: Row[]; meta: z.output<typeof cursorMeta> }> {
  const where = sql`where ${sql.join(conditions, sql` and `)}`;
  const key = sql.ref(id);
  const read = async ({ older_than, newer_than, order, limit }: Slice) => {
    const older = older_than === null ? sql`` : sql` and ${key} < ${older_than}`;
    const newer = newer_than === null ? sql`` : sql` and ${key} > ${newer_than}`;
    const ordered = sql`order by ${key} ${sql.raw(order)}`;
    const page = sql`${from} ${where}${older}${newer} ${ordered} limit ${limit}`;
    return (await select(page, ordered).execute(db.kysely)).rows;
  };
  const count = async () => {
    const counted = await sql<{ count: number }>`
      select count(*)::int as count from (select 1 ${from} ${where} limit ${MAX_LOG_COUNT}) counted`.execute(
      db.kysely,
    );
    return counted.rows[0]?.count ?? 0;
  };
  return readPage(cursor, read, count);
}
