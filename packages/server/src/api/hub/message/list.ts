import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from "kysely";
import { MESSAGE_EXAMPLE } from "../../reply-examples.ts";
import { z } from "zod";
import { isBroadcastId } from "../../../core/broadcast-id.ts";
import type { Queryable } from "../../../db/db.ts";
import { defineRoute } from "../../../http/route.ts";
import { ulidTime } from "../../../ids.ts";
import { cursorMeta, MAX_LOG_COUNT, readPage, toCursor } from "../../../http/cursor.ts";
import { type MessageFilter, messageQuery } from "./message-filter.ts";
import { type MessageTables, readMessages } from "./message-rows.ts";
import { presentMessage } from "./present-message.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/message/",
  summary: "List messages, newest first",
  query: messageQuery,
  reply: {
    status: 200,
    body: z.object({
      meta: cursorMeta,
      results: z.array(z.record(z.string(), z.unknown()).meta({ examples: [MESSAGE_EXAMPLE] })),
    }),
  },
  errors: ["invalid_request_error"],
  async handle({ query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const { filter, include_content } = query;
    const { rows, meta } = await readPage(
      toCursor(query),
      (slice) => readMessages(db, (eb) => matches(eb, workspace_id, filter), slice, include_content),
      () => countMessages(db, workspace_id, filter),
    );
    return { meta, results: rows.map(presentMessage) };
  },
});

async function countMessages(db: Queryable, workspace_id: number, filter: MessageFilter): Promise<number> {
  const { count } = await db.kysely
    .selectFrom((eb) =>
      eb
        .selectFrom("message as m")
        .select("m.id")
        .where((eb) => matches(eb, workspace_id, filter))
        .limit(MAX_LOG_COUNT)
        .as("m"),
    )
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** The maximum difference between the clock that made an id and the database's. */
const CLOCK_MARGIN_MS = 600_000;

/**
 * Served by the indexes on id, recipient and execution; everything else is filtered during the scan. A time span is
 * also a range of ids, by which the partitions and the primary key are ordered.
 */
function matches(
  eb: ExpressionBuilder<MessageTables, "m">,
  workspace_id: number,
  filter: MessageFilter,
): ExpressionWrapper<MessageTables, "m", SqlBool> {
  const all: ExpressionWrapper<MessageTables, "m", SqlBool>[] = [eb("m.workspace_id", "=", workspace_id)];
  const { statuses, recipient_ids, categories, from, until, is_campaign, object } = filter;
  if (statuses !== null) {
    all.push(
      eb.or(
        statuses.map((status) =>
          "flag" in status
            ? eb(`m.${status.flag}`, "=", status.value)
            : eb("m.status", "in", status.statuses),
        ),
      ),
    );
  }
  for (const column of ["channel", "workflow_slug", "idempotency_key", "tenant_id"] as const) {
    const value = filter[column];
    if (value !== null) all.push(eb(`m.${column}`, "=", value));
  }
  const { execution_id } = filter;
  if (execution_id !== null)
    all.push(eb(isBroadcastId(execution_id) ? "m.broadcast_id" : "m.execution_id", "=", execution_id));
  if (filter.message_id !== null) all.push(eb("m.id", "=", filter.message_id));
  if (recipient_ids !== null) all.push(eb("m.distinct_id", "in", recipient_ids));
  if (categories !== null) all.push(eb("m.category", "in", categories));
  if (from !== null) {
    all.push(eb("m.created_at", ">=", from));
    all.push(eb("m.id", ">=", ulidTime(Math.max(0, from.getTime() - CLOCK_MARGIN_MS))));
  }
  if (until !== null) {
    all.push(eb("m.created_at", "<", until));
    all.push(eb("m.id", "<", ulidTime(Math.max(0, until.getTime() + CLOCK_MARGIN_MS))));
  }
  if (is_campaign !== null) all.push(eb("m.broadcast_id", is_campaign ? "is not" : "is", null));
  if (object !== null) {
    // Messages to the object itself and to its subscribers.
    all.push(
      eb.or([
        eb("m.parent_object", "=", `${object.object_type}/${object.id}`),
        eb.and([eb("m.object_type", "=", object.object_type), eb("m.distinct_id", "=", object.id)]),
      ]),
    );
  }
  return eb.and(all);
}
