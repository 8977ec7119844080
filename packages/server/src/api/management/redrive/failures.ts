import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { parseInstant } from "../../../core/time/instant.ts";
import type { Queryable } from "../../../db/db.ts";
import { ulidTime } from "../../../ids.ts";
import { ownQuery } from "../query.ts";

/**
 * Failures by time: requests and executions by when they failed, messages by when they were created. Errors are grouped
 * by their text without the parts that vary: quoted values, ids and numbers.
 */
export interface FailureFilter {
  workflow: string | null;
  /** The text as groups show it. */
  error: string | null;
  since: Date;
  /** Exclusive. */
  until: Date | null;
  /** Applies to messages only; the other kinds have no channel. */
  channel: string | null;
}

const instant = z.string().transform((text, ctx) => {
  const at = parseInstant(text.trim());
  if (at === null) ctx.addIssue({ code: "custom", message: "must be an ISO-8601 date or date-time" });
  return at;
});

const fields = {
  workflow: z.string().max(255).optional().describe("Slug."),
  error: z.string().max(2000).optional().describe("The `error` of a group, word for word."),
  since: instant
    .optional()
    .describe(
      "Default: a day ago. Requests and executions by when they failed, messages by when they were made.",
    ),
  until: instant.optional().describe("Exclusive. Default: now."),
  channel: z
    .enum(CHANNELS, { error: `must be one of ${CHANNELS.join(", ")}` })
    .optional()
    .describe("Messages of this channel only, and nothing else."),
};

/** Unknown names are refused: a misspelt filter would redrive far more than intended. */
export const failureFilter = z.strictObject(fields);

export const failureQuery = ownQuery(fields);

const DAY_MS = 86_400_000;

export function toFilter(given: z.output<typeof failureFilter>): FailureFilter {
  return {
    workflow: given.workflow || null,
    error: given.error || null,
    since: given.since ?? new Date(Date.now() - DAY_MS),
    until: given.until ?? null,
    channel: given.channel ?? null,
  };
}

/** The varying parts are removed from a text column or expression. Long texts are cut first. */
const shapeOf = (
  text: string,
) => `regexp_replace(regexp_replace(regexp_replace(left(coalesce(${text}, 'unknown'), 500),
  '''[^'']*''', '''…''', 'g'), '(_id: ?)\\S+', '\\1…', 'g'), '[0-9]+', '#', 'g')`;

/** The last error is the decisive one. */
const RUN_ERROR = shapeOf(
  `(select s ->> 'm' from json_array_elements(r.steps) with ordinality as step(s, place)
     where s ->> 'l' = 'error' order by place desc limit 1)`,
);

/** Relies on run_failed. */
const FAILED_RUNS = `from run r
  where r.workspace_id = $1 and r.status = 'failed' and r.updated_at >= $2
    and ($3::timestamptz is null or r.updated_at < $3) and ($4::text is null or r.workflow_slug = $4)`;

/** The first reason why a request led to nothing. */
const REQUEST_ERROR = shapeOf(
  `(select e ->> 'error_description' from json_array_elements(q.errors) with ordinality as told(e, place)
     where e ->> 'severity' in ('error', 'critical') order by place limit 1)`,
);

/** Relies on request_failed. The problems of an event name the workflows. */
const FAILED_REQUESTS = `from request q
  where q.workspace_id = $1 and q.status = 'failure' and q.updated_at >= $2
    and ($3::timestamptz is null or q.updated_at < $3)
    and ($4::text is null or q.name = $4
         or exists (select from json_array_elements(q.errors) e where e ->> 'workflow_slug' = $4))`;

/** Relies on message_failed. */
const FAILED_MESSAGES = `from message m
  where m.workspace_id = $1 and m.failure_reason is not null and m.id >= $6 and m.created_at >= $2
    and ($3::timestamptz is null or m.created_at < $3) and ($4::text is null or m.workflow_slug = $4)
    and ($5::text is null or m.channel = $5) and m.status in ('trigger_failed', 'failure_by_vendor')`;

/** The clock that made an id may lag the database's. */
const CLOCK_MARGIN_MS = 600_000;

/** The values for runs and requests. */
const runValues = (workspace_id: number, { since, until, workflow }: FailureFilter) => [
  workspace_id,
  since,
  until,
  workflow,
];

const messageValues = (workspace_id: number, filter: FailureFilter) => [
  ...runValues(workspace_id, filter),
  filter.channel,
  ulidTime(Math.max(0, filter.since.getTime() - CLOCK_MARGIN_MS)),
];

export interface FailureGroup {
  error: string;
  count: number;
  /** The number that a redrive would take, unless another obstacle turns up. */
  redrivable: number;
  workflows: string[];
  sample_ids: string[];
  first_at: Date;
  last_at: Date;
}

export type MessageGroup = FailureGroup & { channel: string; failure_class: string | null };

const SAMPLES = 10;
const MOST_GROUPS = 200;

const first = (expression: string) => `(array_agg(${expression}))[1:${SAMPLES}]`;

export async function groupRequests(
  db: Queryable,
  workspace_id: number,
  filter: FailureFilter,
): Promise<FailureGroup[]> {
  if (filter.channel !== null) return [];
  return db.query<FailureGroup>(
    `select error, count(*)::int as count, count(*)::int as redrivable,
            ${first("distinct workflow")} as workflows, ${first("id order by id desc")} as sample_ids,
            min(updated_at) as first_at, max(updated_at) as last_at
       from (select q.id, q.updated_at, ${REQUEST_ERROR} as error,
                    case when q.api_type = 'event' then coalesce(q.errors -> 0 ->> 'workflow_slug', q.name)
                         else q.name end as workflow
               ${FAILED_REQUESTS}) failed
      where $5::text is null or error = $5
      group by error order by count(*) desc, error limit ${MOST_GROUPS}`,
    [...runValues(workspace_id, filter), filter.error],
  );
}

export async function groupRuns(
  db: Queryable,
  workspace_id: number,
  filter: FailureFilter,
): Promise<FailureGroup[]> {
  if (filter.channel !== null) return [];
  return db.query<FailureGroup>(
    `select error, count(*)::int as count, count(failed_at)::int as redrivable,
            ${first("distinct workflow_slug")} as workflows, ${first("id order by id desc")} as sample_ids,
            min(updated_at) as first_at, max(updated_at) as last_at
       from (select r.id, r.workflow_slug, r.updated_at, r.state ->> 'failed_at' as failed_at, ${RUN_ERROR} as error
               ${FAILED_RUNS}) failed
      where $5::text is null or error = $5
      group by error order by count(*) desc, error limit ${MOST_GROUPS}`,
    [...runValues(workspace_id, filter), filter.error],
  );
}

export async function groupMessages(
  db: Queryable,
  workspace_id: number,
  filter: FailureFilter,
): Promise<MessageGroup[]> {
  return db.query<MessageGroup>(
    `select error, channel, failure_class, count(*)::int as count, count(*) filter (where is_ready)::int as redrivable,
            ${first("distinct workflow_slug")} as workflows, ${first("id order by id desc")} as sample_ids,
            min(created_at) as first_at, max(created_at) as last_at
       from (select m.id, m.workflow_slug, m.created_at, m.channel, m.failure_class,
                    m.content is not null and m.vendor_config_id is not null and m.channel <> 'webhook' as is_ready,
                    ${shapeOf("m.failure_reason")} as error
               ${FAILED_MESSAGES}) failed
      where $7::text is null or error = $7
      group by error, channel, failure_class order by count(*) desc, error, channel limit ${MOST_GROUPS}`,
    [...messageValues(workspace_id, filter), filter.error],
  );
}

/** The next ids after one, in order. */
export type NextFailed = (
  db: Queryable,
  workspace_id: number,
  filter: FailureFilter,
  page: Page,
) => Promise<string[]>;

export interface Page {
  after: string;
  limit: number;
}

export const nextFailedRequests: NextFailed = (db, workspace_id, filter, page) =>
  filter.channel !== null
    ? Promise.resolve([])
    : readIds(
        db,
        `select q.id ${FAILED_REQUESTS} and ($6 = '' or q.id > nullif($6, '')::uuid)
            and ($5::text is null or ${REQUEST_ERROR} = $5) order by q.id limit $7`,
        [...runValues(workspace_id, filter), filter.error, page.after, page.limit],
      );

export const nextFailedRuns: NextFailed = (db, workspace_id, filter, page) =>
  filter.channel !== null
    ? Promise.resolve([])
    : readIds(
        db,
        `select r.id ${FAILED_RUNS} and r.id > $6 and ($5::text is null or ${RUN_ERROR} = $5) order by r.id limit $7`,
        [...runValues(workspace_id, filter), filter.error, page.after, page.limit],
      );

export const nextFailedMessages: NextFailed = (db, workspace_id, filter, page) =>
  readIds(
    db,
    `select m.id ${FAILED_MESSAGES} and m.id > $8
        and ($7::text is null or ${shapeOf("m.failure_reason")} = $7) order by m.id limit $9`,
    [...messageValues(workspace_id, filter), filter.error, page.after, page.limit],
  );

async function readIds(db: Queryable, text: string, values: unknown[]): Promise<string[]> {
  return (await db.query<{ id: string }>(text, values)).map(({ id }) => id);
}
