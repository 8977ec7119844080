import type { Db, Tx } from "../db/db.ts";
import { checkQuery, fieldsText, QueryError } from "./check-query.ts";
import { over } from "./virtual-tables.ts";

/**
 * Runs the queries of lists: checked again each time, in a transaction that can only read, within a time limit, over
 * tables that hold nothing but the workspace's own.
 */
const DRY_RUN_MS = 10_000;
export const REFRESH_MS = 120_000;
const DRY_RUN_ROWS = 10;
/** Users in a page of differences. */
const PAGE = 1000;

/** Checks a query down to the types of its fields, without running it. Throws a `QueryError`. */
export async function checkAgainst(db: Db, workspace_id: number, text: string): Promise<string> {
  const query = await checkQuery(text);
  await reading(db, DRY_RUN_MS, ({ run }) =>
    run(
      over(query, (q) => `, checked as (select q.distinct_id::text from ${q}) select from checked limit 0`),
      [workspace_id],
    ),
  );
  return query;
}

/** The first rows of its result. Throws a `QueryError`. */
export async function dryRun(db: Db, workspace_id: number, text: string): Promise<Record<string, unknown>[]> {
  const query = await checkQuery(text);
  return reading(db, DRY_RUN_MS, ({ run }) =>
    run(
      over(query, (q) => `select q.* from ${q} limit ${DRY_RUN_ROWS}`),
      [workspace_id],
    ),
  );
}

/** How many users it finds. Throws a `QueryError`. */
export async function countFound(db: Db, workspace_id: number, text: string): Promise<number> {
  const query = await checkQuery(text);
  const [row] = await reading(db, DRY_RUN_MS, ({ run }) =>
    run<{ count: number }>(
      over(query, (q) => `select count(distinct r.id)::int as count ${FOUND(q)}`),
      [workspace_id],
    ),
  );
  return row?.count ?? 0;
}

const FOUND = (source: string) => `from ${source} join recipient r
    on r.workspace_id = $1 and r.object_type = '' and r.distinct_id = q.distinct_id::text`;

/** Users whom a query finds and who are not in a version of a list, or the other way round. */
export interface Difference {
  enter: string[];
  leave: string[];
}

/**
 * Reads the differences between a query's result and a version of a list, as both are at the moment, page by page;
 * `apply` changes the list meanwhile, by other transactions. `begin` runs first. Throws a `QueryError`.
 */
export async function readDifferences(
  db: Db,
  workspace_id: number,
  text: string,
  begin: (tx: Tx) => Promise<string | null>,
  apply: (difference: Difference) => Promise<void>,
): Promise<void> {
  const query = await checkQuery(text);
  await reading(db, REFRESH_MS, async ({ tx, run }) => {
    const version_id = await begin(tx);
    if (version_id === null) return;
    const statement = over(
      query,
      (q) => `, found as (select distinct r.id as recipient_id ${FOUND(q)}),
       present as (select recipient_id from list_member where workspace_id = $1 and version_id = $2)
       select recipient_id, present.recipient_id is null as enters
         from found full join present using (recipient_id)
        where found.recipient_id is null or present.recipient_id is null`,
    );
    await run(`declare differences no scroll cursor for ${statement}`, [workspace_id, version_id]);
    for (;;) {
      const rows = await run<{ recipient_id: string; enters: boolean }>(`fetch ${PAGE} from differences`);
      const ids = (enters: boolean) =>
        rows.flatMap((row) => (row.enters === enters ? [row.recipient_id] : []));
      if (rows.length > 0) await apply({ enter: ids(true), leave: ids(false) });
      if (rows.length < PAGE) return;
    }
  });
}

interface Reader {
  tx: Tx;
  /** For statements that contain the query: what is wrong with it is a `QueryError`. */
  run: <Row extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>;
}

async function reading<T>(db: Db, ms: number, work: (reader: Reader) => Promise<T>): Promise<T> {
  // Longer than the server's own limit, so that it is the server that gives up.
  return db.patient(ms + 5000).tx(async (tx) => {
    await tx.query("set transaction read only");
    await tx.query(`set local statement_timeout to ${ms}`);
    // As the parser reads texts.
    await tx.query("set local standard_conforming_strings to on");
    return work({
      tx,
      run: (text, values) =>
        tx.query<never>(text, values).catch((error: unknown) => {
          throw explained(error, ms);
        }),
    });
  });
}

/** What the database refuses of a query is the query's fault: classes 22 and 42, and that it takes too long. */
function explained(error: unknown, ms: number): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error;
  if (error.code === "57014") {
    return new QueryError(`takes longer than ${ms / 1000} s: narrow it down`, { cause: error });
  }
  if (error.code === "42703") {
    const [, field = "?"] = /column "?([^" ]+)"? does not exist/.exec(error.message) ?? [];
    const text = `Schema error: No field named ${field}. Valid fields are ${fieldsText()}`;
    return new QueryError(text, { cause: error });
  }
  return /^(22|42)/.test(error.code) ? new QueryError(error.message, { cause: error }) : error;
}
