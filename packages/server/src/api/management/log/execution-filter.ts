import { sql } from "kysely";
import type { z } from "zod";
import { LOGGED_CHANNELS } from "../../../core/channel.ts";
import { ulidTime } from "../../../ids.ts";
import { choiceFilter, choicesFilter, textFilter, ULID, uuidFilter } from "../../filter-values.ts";
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

/** The filters of the execution log. They are AND-ed. */
const STATUSES = ["in_progress", "completed", "partial_failure", "failed", "cancelled"] as const;
const SEVERITIES = ["info", "warning", "error"] as const;

export const executionQuery = ownQuery({
  ...logPagingQuery(ULID),
  status: choicesFilter(STATUSES),
  severity: choicesFilter(SEVERITIES).describe(
    "The worst that its log has: info, warning or error; may be repeated.",
  ),
  ...workflowQuery,
  recipient: trimmedFilter.describe("A distinct_id, or object_type/id."),
  object: trimmedFilter.describe("object_type/id: executions of the object, and of its subscribers."),
  tenant_id: textFilter,
  category: textFilter.describe("Slug, of the version that it runs on."),
  template: textFilter.describe("Slug: it made a message of this template."),
  channel: choiceFilter(LOGGED_CHANNELS).describe("It made a message on this channel."),
  idempotency_key: trimmedFilter,
  request_id: uuidFilter,
  broadcast: trimmedFilter.describe(
    "The execution_id of a broadcast: its executions, one for each recipient.",
  ),
  ...spanQuery,
}).superRefine((query, ctx) => {
  refuseEmptySpan(query, ctx);
  refuseTwoWorkflows(query, ctx);
  const { object } = query;
  if (object && !/^[^/]+\/./s.test(object)) {
    ctx.addIssue({ code: "custom", path: ["object"], message: "must be object_type/id" });
  }
});

/**
 * Served by the indexes of run on id, recipient and request, and of request on the key; the rest is filtered during the
 * scan. The key is that of the execution's request.
 */
export function executionConditions(
  workspace_id: number,
  query: z.output<typeof executionQuery>,
): Condition[] {
  const { status, severity, recipient, object, tenant_id, category, idempotency_key, request_id } = query;
  const workflow = query.workflow || query.workflow_slug;
  const conditions: Condition[] = [sql`r.workspace_id = ${workspace_id}`, ...madeIn("r", query, ulidTime)];
  if (status) conditions.push(sql`r.status = any(${status})`);
  if (severity) conditions.push(sql`${WORST} = any(${severity})`);
  if (workflow) conditions.push(sql`r.workflow_slug = ${workflow}`);
  if (recipient) conditions.push(isOf(recipient));
  if (object) conditions.push(sql`(r.parent_object = ${object} or ${isOf(object)} and r.object_type <> '')`);
  if (tenant_id) conditions.push(sql`r.tenant_id = ${tenant_id}`);
  if (request_id) conditions.push(sql`r.request_id = ${request_id}`);
  if (query.broadcast) {
    conditions.push(sql`r.request_id = any(array(
      select request_id from broadcast where workspace_id = ${workspace_id} and id = ${query.broadcast}))`);
  }
  if (category) {
    conditions.push(sql`r.version_id = any(array(
      select id from workflow_version where workspace_id = ${workspace_id} and definition ->> 'category' = ${category}))`);
  }
  if (idempotency_key) {
    conditions.push(sql`r.request_id = any(array(
      select id from request where workspace_id = ${workspace_id} and idempotency_key = ${idempotency_key}))`);
  }
  return [...conditions, ...messageConditions(query)];
}

/** Both must hold for the same message. Relies on the index of message by execution. */
function messageConditions({ template, channel }: z.output<typeof executionQuery>): Condition[] {
  if (!template && !channel) return [];
  const wanted: Condition[] = [sql`m.workspace_id = r.workspace_id and m.execution_id = r.id`];
  if (template) wanted.push(sql`m.template_slug = ${template}`);
  if (channel) wanted.push(sql`m.channel = ${channel}`);
  return [sql`exists (select from message m where ${sql.join(wanted, sql` and `)})`];
}

/** The worst severity: from the status of a run that ended without being cancelled, from the log of any other. */
const WORST = sql`case r.status when 'failed' then 'error' when 'partial_failure' then 'warning' when 'completed' then 'info'
  else coalesce((select s ->> 'l' from json_array_elements(r.steps) s where s ->> 'l' in ('error', 'warning')
                  order by s ->> 'l' limit 1), 'info') end`;
