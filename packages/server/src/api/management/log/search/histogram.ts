import { sql } from "kysely";
import { z } from "zod";
import type { LogName } from "../../../../core/log-query/fields.ts";
import { defineRoute } from "../../../../http/route.ts";
import { wholeNumber } from "../../../filter-values.ts";
import { ownQuery } from "../../query.ts";
import { logParams, queryField, scannedShape, toScan } from "./log-search.ts";
import { scanWindows, TABLES, windowOf } from "./scan.ts";

const BUDGET_MS = 2000;
const MAX_BUCKETS = 200;

/** What is counted apart. Of a request what is stored: whether its runs went well is theirs to say. */
const STATUS: Record<LogName, string> = { request: "q.status", execution: "r.status", message: "m.status" };

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/histogram/:log/",
  summary: "How much a query finds in a log over time, by status.",
  params: logParams,
  query: ownQuery({
    q: queryField,
    buckets: wholeNumber
      .transform((text) => Math.min(Math.max(Number(text === "" ? 60 : text), 1), MAX_BUCKETS))
      .default(60)
      .describe(`How many parts the span has: 1 to ${MAX_BUCKETS}, 60 if absent.`),
  }),
  reply: {
    status: 200,
    body: z.object({
      results: z.array(
        z.object({
          from: z.string(),
          until: z.string(),
          counts: z.record(z.string(), z.int()).describe("By status; empty: nothing."),
        }),
      ),
      scanned: scannedShape,
    }),
    description: "What was not read in time has no counts: `scanned` says from when on they are whole.",
  },
  errors: ["authentication_failed", "permission_denied", "not_found", "validation_error"],
  async handle({ params: { log }, query, ...reading }) {
    const scan = { ...(await toScan(log, query.q, reading)), before: null };
    const { since, until } = scan;
    const width_ms = (until.getTime() - since.getTime()) / query.buckets;
    const counts = Array.from({ length: query.buckets }, () => new Map<string, number>());
    const bucket = sql`least(floor((extract(epoch from ${TABLES[log].created_at}) * 1000 - ${since.getTime()}) / ${width_ms})::int, ${query.buckets - 1})`;
    const { scanned_to, is_complete } = await scanWindows(scan, BUDGET_MS, async (window) => {
      const { rows } = await sql<{ bucket: number; status: string; count: number }>`
        select ${bucket} as bucket, ${sql.ref(STATUS[log])} as status, count(*)::int as count
          ${windowOf(scan, window)} group by 1, 2`.execute(reading.db.kysely);
      for (const { bucket: at, status, count } of rows) {
        counts[at]?.set(status, (counts[at].get(status) ?? 0) + count);
      }
      return "more";
    });
    const timeOf = (index: number) => new Date(since.getTime() + index * width_ms).toISOString();
    return {
      results: counts.map((byStatus, index) => ({
        from: timeOf(index),
        until: timeOf(index + 1),
        counts: Object.fromEntries(byStatus),
      })),
      scanned: { since: scanned_to.toISOString(), until: until.toISOString(), is_complete },
    };
  },
});
