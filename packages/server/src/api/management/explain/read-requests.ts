import type { Queryable } from "../../../db/db.ts";
import { uuidTime } from "../../../ids.ts";
import { BODY, bodyNames, PROBLEMS, problemsName } from "../log/stored-request.ts";
import type { Question } from "./finding.ts";
import type { ExplainedRequest } from "./judge-request.ts";

/** The newest are enough to explain what happens, and keep the answer readable. */
export const MOST = 20;
/** The maximum of requests searched for a recipient's name: they are not indexed by recipient. */
export const LOOKED_THROUGH = 20_000;

/** A further page of an object's subscribers has its own problems but belongs to the request that started it. */
const FIRST = "case when q.api_type = 'fanout' then (q.body ->> 'request_id')::uuid else q.id end";

/** No `exists`, which may read the whole table of runs into a hash: one index lookup per request instead. */
const HAS_RUNS = `(select true from run r where r.workspace_id = q.workspace_id and r.request_id = ${FIRST} limit 1)
  is true`;

const HAS_WORKFLOW = `exists (select from workflow_event e join workflow w using (workspace_id, slug)
  where e.workspace_id = q.workspace_id and e.event_name = lower(q.name) and e.usage = 'Trigger Event'
    and w.is_enabled and w.live_version_id is not null and w.deleted_at is null)`;

/** Runs of a disabled workflow keep waiting. */
const IS_AWAITED = `exists (select from workflow_event e
  where e.workspace_id = q.workspace_id and e.event_name = lower(q.name) and e.usage <> 'Trigger Event')`;

/** `since` is when the oldest request that may still wait for its expand was accepted; null: none waits. */
const columns = (
  name: string,
  since: string,
): string => `${FIRST} as id, q.api_type, q.name, q.status, q.created_at,
  (select json_agg(e) from ${PROBLEMS}) as errors, ${HAS_RUNS} as has_runs,
  coalesce(q.updated_at, q.created_at) >= coalesce(${since}::timestamptz, now() - interval '1 second') as is_expanding,
  coalesce(${names(name)}, false) as names_them,
  ${HAS_WORKFLOW} as has_workflow, ${IS_AWAITED} as is_awaited`;

/** A request for one workflow has its name; for an event the errors show it. */
export const FOR_WORKFLOW = (workflow: string): string => `(${workflow}::text is null or q.name = ${workflow}
  or q.api_type = 'event' and exists (select from workflow_event e
       where e.workspace_id = q.workspace_id and e.event_name = lower(q.name) and e.slug = ${workflow}
         and e.usage = 'Trigger Event'))`;

/** An event whose workflow could not determine its recipients may mean anyone named in its properties. */
const names = (name: string): string => `(${bodyNames(name)}
  or q.api_type = 'event' and strpos((${BODY}) #>> '{properties}', ${name}) > 0
     and exists (select from ${PROBLEMS} where e ->> 'error_code' = 'override_failed'))`;

export async function readRequestsOfKey(
  db: Queryable,
  { workspace_id, distinct_id, idempotency_key, workflow }: Question,
  expanding_since: Date | null,
): Promise<ExplainedRequest[]> {
  return db.query<ExplainedRequest>(
    `select ${columns("$4::text", "$5")} from request q
      where q.workspace_id = $1 and q.idempotency_key = $2 and q.api_type <> 'user_edit' and ${FOR_WORKFLOW("$3")}
        and (q.api_type <> 'fanout' or q.errors is not null)
      order by q.id desc limit ${MOST}`,
    [workspace_id, idempotency_key, workflow, distinct_id, expanding_since],
  );
}

/**
 * Requests that name a recipient, or have problems about one, and led to no execution, or not to all of them. Names come
 * first: most requests are for others, and looking for the executions of one reads every partition.
 */
export async function readRequestsNaming(
  db: Queryable,
  { workspace_id, distinct_id, workflow, since }: Question,
  expanding_since: Date | null,
): Promise<ExplainedRequest[]> {
  return db.query<ExplainedRequest>(
    `select ${columns("$3::text", "$5")}
       from (select * from request where workspace_id = $1 and id >= $2 order by id desc limit ${LOOKED_THROUGH}) q
      where q.api_type <> 'user_edit' and ${FOR_WORKFLOW("$4")}
        and case when q.status = 'accepted' and q.errors is null then q.api_type <> 'fanout' and ${names("$3::text")} and not ${HAS_RUNS}
                 else ${names("$3::text")} and q.api_type <> 'fanout' or ${problemsName("$3::text")} end
      order by q.id desc limit ${MOST}`,
    [workspace_id, uuidTime(since.getTime()), distinct_id, workflow, expanding_since],
  );
}
