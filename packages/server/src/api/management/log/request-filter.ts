import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { type RawBuilder, sql } from "kysely";
import type { z } from "zod";
import { uuidTime } from "../../../ids.ts";
import { choicesFilter, textFilter, UUID, uuidFilter } from "../../filter-values.ts";
import { logPagingQuery } from "../../paging.ts";
import { ownQuery } from "../query.ts";
import {
  type Condition,
  isOf,
  madeIn,
  refuseEmptySpan,
  refuseTwoWorkflows,
  spanQuery,
  trimmedFilter,
  workflowQuery,
} from "./log-query.ts";
import { bodyNames, PROBLEMS, problemsName } from "./stored-request.ts";

/** The filters of the request log. They are AND-ed. */
const STATUSES = ["in_progress", "completed", "partial_failure", "failure", "skipped", "cancelled"] as const;
const SEVERITIES = ["info", "warning", "error", "critical"] as const;
const API_NAMES = ["workflow", "dynamic", "event", "broadcast", "user_edit"] as const;

export const requestQuery = ownQuery({
  ...logPagingQuery(UUID),
  status: choicesFilter(STATUSES),
  severity: choicesFilter(SEVERITIES).describe(
    "One of its errors has it: info, warning, error or critical; may be repeated.",
  ),
  api_name: choicesFilter(API_NAMES),
  name: textFilter.describe("Workflow slug, event name or list, as it was sent."),
  ...workflowQuery,
  recipient: trimmedFilter.describe("A distinct_id, or object_type/id: somebody it reached or named."),
  tenant_id: textFilter,
  idempotency_key: trimmedFilter,
  request_id: uuidFilter,
  ...spanQuery,
}).superRefine((query, ctx) => {
  refuseEmptySpan(query, ctx);
  refuseTwoWorkflows(query, ctx);
});

const LIVE_BROADCAST = sql`select from broadcast b
  where b.workspace_id = q.workspace_id and b.request_id = q.id and b.status in ('scheduled', 'in_progress')`;
const RUNS = sql`select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id`;

/**
 * The stored status stays `accepted` unless there is something to report: once expanded, the request is done.
 * `expanding_since` is when the oldest request that may still wait for its expand was accepted or redriven; null if
 * none does. A refusal on accept is stored differently from a later failure, because it cannot be redriven; it is shown
 * as the failure that it is.
 */
export function requestStatus(expanding_since: Date | null): RawBuilder<string> {
  const waits =
    expanding_since === null
      ? sql`false`
      : sql`coalesce(q.updated_at, q.created_at) >= ${expanding_since} and not exists (${RUNS})`;
  return sql`case when q.status = 'refused' then 'failure' when q.status <> 'accepted' then q.status
    when q.api_type = 'broadcast' then case when exists (${LIVE_BROADCAST}) then 'in_progress' else 'completed' end
    when ${waits} then 'in_progress' else 'completed' end`;
}

/**
 * Served by the indexes of request on id and key, and of run on recipient and request; the rest is filtered during the
 * scan.
 */
export function requestConditions(
  workspace_id: number,
  query: z.output<typeof requestQuery>,
  expanding_since: Date | null,
): Condition[] {
  const { status, severity, api_name, name, recipient, tenant_id, idempotency_key, request_id } = query;
  const workflow = query.workflow || query.workflow_slug;
  const conditions: Condition[] = [
    sql`q.workspace_id = ${workspace_id}`,
    // The further pages of a fan-out, which belong to the request that started it.
    sql`q.api_type <> 'fanout'`,
    ...madeIn("q", query, uuidTime),
  ];
  if (status) conditions.push(sql`${requestStatus(expanding_since)} = any(${status})`);
  if (severity) {
    conditions.push(sql`exists (select from ${sql.raw(PROBLEMS)} where e ->> 'severity' = any(${severity}))`);
  }
  if (api_name) conditions.push(sql`q.api_type = any(${api_name})`);
  if (name)
    conditions.push(sql`(q.name = ${name} or q.api_type = 'event' and lower(q.name) = lower(${name}))`);
  if (workflow) conditions.push(concerns(workflow));
  if (recipient) conditions.push(reachedOrNamed(workspace_id, recipient, expanding_since));
  if (tenant_id) conditions.push(sql`coalesce(q.tenant_id, ${DEFAULT_TENANT}) = ${tenant_id}`);
  if (idempotency_key) conditions.push(sql`q.idempotency_key = ${idempotency_key}`);
  if (request_id) conditions.push(sql`q.id = ${request_id}`);
  return conditions;
}

/** A trigger has its workflow's name. Which workflows an event triggered, or failed to, is in its runs and errors. */
function concerns(workflow: string): Condition {
  return sql`(case q.api_type when 'event'
    then exists (${RUNS} and r.workflow_slug = ${workflow})
         or exists (select from ${sql.raw(PROBLEMS)} where e ->> 'workflow_slug' = ${workflow})
    else q.name = ${workflow} end)`;
}

const NAMES_THEM = sql.raw(`${bodyNames("k.name")} or ${problemsName("k.name")}`);

/**
 * The recipients that a request reached are found through its runs, by an index. Bodies are read only for requests
 * without a run for everybody they name, and for events, which name one user each.
 */
export function reachedOrNamed(workspace_id: number, name: string, expanding_since: Date | null): Condition {
  const waits =
    expanding_since === null ? sql`false` : sql`coalesce(q.updated_at, q.created_at) >= ${expanding_since}`;
  return sql`(q.id = any(array(select r.request_id from run r where r.workspace_id = ${workspace_id} and ${isOf(name)}))
    or case when q.api_type in ('event', 'user_edit') or q.status <> 'accepted' or q.errors is not null or ${waits}
            then exists (select from (select ${name}::text as name) k where ${NAMES_THEM}) else false end)`;
}
