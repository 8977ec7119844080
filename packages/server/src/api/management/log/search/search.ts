import { sql } from "kysely";
import { z } from "zod";
import type { LogName } from "../../../../core/log-query/fields.ts";
import { AppError } from "../../../../errors.ts";
import { defineRoute, type RouteContext } from "../../../../http/route.ts";
import { presentMessage } from "../../../hub/message/present-message.ts";
import { readMessages } from "../../../hub/message/message-rows.ts";
import { singleText, ULID, UUID } from "../../../filter-values.ts";
import { logPagingQuery } from "../../../paging.ts";
import { EXECUTION_EXAMPLE } from "../../../reply-examples.ts";
import { ownQuery } from "../../query.ts";
import { presentRequest } from "../present-request.ts";
import { selectRequests } from "../request-rows.ts";
import { presentRun, selectRuns } from "../run-row.ts";
import { logParams, queryField, scannedShape, toScan } from "./log-search.ts";
import { findIds } from "./scan.ts";

/** A page waits for it; what it has not reached by then is asked for again. */
const BUDGET_MS = 1500;

const { limit } = logPagingQuery(ULID);

type Reading = Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">;

/** The rows with these ids, as the lists of the log show them, newest first. */
const READ: Record<LogName, (ids: string[], reading: Reading) => Promise<unknown[]>> = {
  async request(ids, { auth, db, services }) {
    const select = selectRequests(await services.engine.expandingSince(db));
    const page = sql`from request q where q.workspace_id = ${auth.workspace.workspace_id} and q.id = any(${ids}::uuid[])`;
    return (await select(page, sql`order by q.id desc`).execute(db.kysely)).rows.map(presentRequest);
  },
  async execution(ids, { auth, db }) {
    const page = sql`from run r where r.workspace_id = ${auth.workspace.workspace_id} and r.id = any(${ids}::text[])`;
    return (await selectRuns(page, sql`order by r.id desc`).execute(db.kysely)).rows.map(presentRun);
  },
  async message(ids, { auth, db }) {
    const slice = { older_than: null, newer_than: null, order: "desc", limit: ids.length } as const;
    const rows = await readMessages(
      db,
      (eb) => eb.and([eb("m.workspace_id", "=", auth.workspace.workspace_id), eb("m.id", "in", ids)]),
      slice,
      false,
    );
    return rows.map(presentMessage);
  },
};

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/search/:log/",
  summary: "What a query finds in a log, newest first, in pages without a count.",
  params: logParams,
  query: ownQuery({
    q: queryField,
    limit,
    after: singleText.default("").describe("Opaque; from the `meta` of another page."),
  }),
  reply: {
    status: 200,
    body: z.object({
      meta: z.object({
        limit: z.int(),
        after: z.string().nullable().describe("Where to go on; null: the span has no more."),
        scanned: scannedShape,
      }),
      results: z.array(z.record(z.string(), z.unknown()).meta({ examples: [EXECUTION_EXAMPLE] })),
    }),
    description: "The rows are as the list of the log has them.",
  },
  errors: ["authentication_failed", "permission_denied", "not_found", "validation_error"],
  async handle({ params: { log }, query, ...reading }) {
    const { after } = query;
    if (after !== "" && !(log === "request" ? UUID : CURSOR).test(after)) {
      throw new AppError(
        "validation_error",
        "after: is not a cursor of this list: take one from the `meta` of another page",
      );
    }
    const scan = await toScan(log, query.q, reading);
    const found = await findIds(reading.db, { ...scan, before: after || null }, query.limit, BUDGET_MS);
    const results = found.ids.length === 0 ? [] : await READ[log](found.ids, reading);
    return {
      meta: {
        limit: query.limit,
        after: found.after,
        scanned: {
          since: found.scanned_to.toISOString(),
          until: scan.until.toISOString(),
          is_complete: found.is_complete,
        },
      },
      results: results as Record<string, unknown>[],
    };
  },
});

/** An id, or the beginning of one: where a window of the search ended. */
const CURSOR = /^[0-9A-HJKMNP-TV-Z]{10}(?:[0-9A-HJKMNP-TV-Z]{16})?$/;
