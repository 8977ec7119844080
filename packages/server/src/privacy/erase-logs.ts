import type { Tx } from "../db/db.ts";
import { removeItems } from "../inbox/feeds.ts";
import { cancelRouting } from "../routing/success.ts";
import { ERASED, eraseRequests } from "./erase-requests.ts";

/** A user who was deleted: see the table `user_erasure`. */
export interface Erasure {
  workspace_id: number;
  id: string;
  names: string[];
  recipient_ids: string[];
  created_at: Date;
  stage: string;
  after_id: string;
}

/** What a page has erased, and the row that the next one goes on after; null: nothing is left. */
export interface ErasedPage {
  erased: Record<string, number>;
  after_id: string | null;
}

type ErasePage = (tx: Tx, erasure: Erasure) => Promise<ErasedPage>;

const MESSAGES = 500;
/** With their requests, whose bodies may be large. */
const RUNS = 50;
const ITEMS = 5000;
const LOOKED_AT = 200;

/** Rows of this user's own: one who has the same id later has another row. */
const OWN = "distinct_id = any($2) and workspace_id = $1 and recipient_id = any($3)";

const ownValues = ({ workspace_id, names, recipient_ids, after_id }: Erasure) => [
  workspace_id,
  names,
  recipient_ids,
  after_id,
];

function pageOf(rows: readonly { id: string }[], limit: number, erased: Record<string, number>): ErasedPage {
  return { erased, after_id: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}

/** What is still to be sent is not; ids, statuses and times stay. Relies on message_recipient. */
async function eraseMessages(tx: Tx, erasure: Erasure): Promise<ErasedPage> {
  const rows = await tx.query<{ id: string }>(
    `select id from message where ${OWN} and id > $4 order by id limit ${MESSAGES} for no key update`,
    ownValues(erasure),
  );
  const page = [erasure.workspace_id, rows.map(({ id }) => id)];
  await tx.query(
    `update message
        set status = case status when 'triggered' then 'trigger_failed' when 'to_be_triggered' then 'not_to_be_triggered'
                                 else status end,
            failure_class = case when status = 'triggered' then '${ERASED}' else failure_class end,
            failure_reason = case when status in ('triggered', 'to_be_triggered') then '${DELETED}'
                                  when failure_reason is not null then '${ERASED}' end,
            lease = null, next_attempt_at = null, undelivered = null, content = null, channel_value = null,
            identity_key = '', attachments = null, webhook_data = null
      where workspace_id = $1 and id = any($2)`,
    page,
  );
  await tx.query("delete from smart_step where workspace_id = $1 and message_id = any($2)", page);
  await tx.query("delete from vendor_fallback where workspace_id = $1 and message_id = any($2)", page);
  const events = await tx.query(
    `update message_event
        set detail = (select json_object_agg(key, value) from json_each(detail) where key = any($3))
      where workspace_id = $1 and message_id = any($2) and detail is not null
     returning 1`,
    [...page, EVENT_FACTS],
  );
  return pageOf(rows, MESSAGES, { messages: rows.length, message_events: events.length });
}

const DELETED = "the user was deleted before the result of sending was known";
/** What an event of a message says about the sending, and not about the person. */
const EVENT_FACTS = ["attempt", "class", "status", "sent_again", "retry_in_ms", "at"];

/** A step without its text and values. Its code says what kind of thing happened. */
const STEPS = `coalesce((
  select json_agg(json_strip_nulls(json_build_object('t', s -> 't', 'n', s -> 'n', 's', s -> 's', 'l', s -> 'l',
                    'm', '${ERASED}',
                    'p', case when s -> 'p' ->> 'code' is not null then json_build_object('code', s -> 'p' -> 'code') end))
                  order by nth)
    from json_array_elements(steps) with ordinality as step(s, nth)), '[]')`;

const ACTOR = `case when actor is not null then
  json_build_object('object_type', actor -> 'object_type', 'distinct_id', actor -> 'distinct_id',
                    'recipient_id', actor -> 'recipient_id', 'properties', json_build_object()) end`;

/** Runs and the requests that they came from. They were ended before. Relies on run_recipient. */
async function eraseRuns(tx: Tx, erasure: Erasure): Promise<ErasedPage> {
  const { workspace_id, names } = erasure;
  const rows = await tx.query<{ id: string; request_id: string }>(
    `select id, request_id from run where ${OWN} and id > $4 order by id limit ${RUNS}`,
    ownValues(erasure),
  );
  const ids = rows.map(({ id }) => id);
  const requests = await eraseRequests(tx, workspace_id, requestIds(rows), names);
  await tx.query(
    `update run set data = '{}', inline = null, state = null, actor = ${ACTOR}, steps = ${STEPS}
      where workspace_id = $1 and id = any($2) and status <> 'in_progress'`,
    [workspace_id, ids],
  );
  // A routing may go on after its run.
  await cancelRouting(
    tx,
    ids.map((id) => ({ workspace_id, id })),
  );
  await tx.query("delete from signal where workspace_id = $1 and run_id = any($2)", [workspace_id, ids]);
  return pageOf(rows, RUNS, { executions: rows.length, requests });
}

const requestIds = (rows: readonly { request_id: string }[]) => [
  ...new Set(rows.map(({ request_id }) => request_id)),
];

/** Runs of others that this user caused: what the trigger said of them goes. Relies on run_actor. */
async function eraseActors(tx: Tx, erasure: Erasure): Promise<ErasedPage> {
  const { workspace_id, names, recipient_ids, after_id } = erasure;
  const rows = await tx.query<{ id: string; request_id: string; idempotency_key: string }>(
    `select id, request_id, idempotency_key from run
      where actor ->> 'recipient_id' = any($2) and workspace_id = $1 and id > $3
        and (recipient_id is null or recipient_id <> all($2)) order by id limit ${RUNS}`,
    [workspace_id, recipient_ids, after_id],
  );
  const pages = await tx.query<{ request_id: string }>(
    "select id as request_id from request where idempotency_key = any($2) and workspace_id = $1 and api_type = 'fanout'",
    [workspace_id, [...new Set(rows.map((row) => row.idempotency_key))]],
  );
  const requests = await eraseRequests(tx, workspace_id, requestIds([...rows, ...pages]), names);
  await tx.query(
    `update run set actor = ${ACTOR} where workspace_id = $1 and id in
       (select id from run where workspace_id = $1 and id = any($2) order by id for no key update)`,
    [workspace_id, rows.map(({ id }) => id)],
  );
  return pageOf(rows, RUNS, { executions_as_actor: rows.length, requests });
}

/** Relies on request_event. */
async function eraseEvents(tx: Tx, erasure: Erasure): Promise<ErasedPage> {
  const { workspace_id, names, created_at, after_id } = erasure;
  const rows = await tx.query<{ id: string }>(
    `select id from request
      where workspace_id = $1 and api_type = 'event' and status <> 'refused'
        and btrim(body ->> 'distinct_id', E' \\t\\n\\r') = any($2) and created_at <= $3 and id > $4
      order by id limit ${RUNS}`,
    [workspace_id, names, created_at, after_id || FIRST_UUID],
  );
  const ids = rows.map(({ id }) => id);
  return pageOf(rows, RUNS, { requests: await eraseRequests(tx, workspace_id, ids, names) });
}

const FIRST_UUID = "00000000-0000-0000-0000-000000000000";

/**
 * Requests that no run leads to: refused ones, and those that some recipient got no run of. All of the workspace's are
 * looked at, so many at a time. A body that was sent with escapes may hide a name, so those are parsed too. Relies on
 * request_with_problems.
 */
async function eraseProblems(tx: Tx, erasure: Erasure): Promise<ErasedPage> {
  const { workspace_id, names, created_at, after_id } = erasure;
  const rows = await tx.query<{ id: string; is_near: boolean }>(
    `select id, strpos(body::text, '\\u') > 0
             or exists (select from unnest($2::text[]) as n(name) where strpos(body::text, name) > 0) as is_near
       from request
      where workspace_id = $1 and status <> 'accepted' and created_at <= $3 and id > $4
      order by id limit ${LOOKED_AT}`,
    [workspace_id, names.map(inJson), created_at, after_id || FIRST_UUID],
  );
  const ids = rows.flatMap(({ id, is_near }) => (is_near ? [id] : []));
  return pageOf(rows, LOOKED_AT, { requests: await eraseRequests(tx, workspace_id, ids, names) });
}

/** A name as it stands between the quotes of JSON. */
const inJson = (name: string) => JSON.stringify(name).slice(1, -1);

/** What a walk that was under way has delivered after the DELETE. Those before went with the user. */
async function eraseItems(tx: Tx, { workspace_id, recipient_ids }: Erasure): Promise<ErasedPage> {
  const gone = await removeItems(tx, workspace_id, recipient_ids, ITEMS);
  return pageOf(gone, ITEMS, { inbox_items: gone.length });
}

/** Who changed the user stays, and when; not whom. Relies on audit_of_entity. */
async function eraseAudit(tx: Tx, { workspace_id, names, created_at }: Erasure): Promise<ErasedPage> {
  const rows = await tx.query(
    `update audit set entity = 'user/${ERASED}' where workspace_id = $1 and entity = any($2) and created_at <= $3 returning 1`,
    [workspace_id, names.map((name) => `user/${name}`), created_at],
  );
  return { erased: rows.length === 0 ? {} : { audit_entries: rows.length }, after_id: null };
}

/** In this order: what has ended is erased, and what comes of a message is stored before its item is looked for. */
export const STAGES: readonly { name: string; erase: ErasePage }[] = [
  { name: "messages", erase: eraseMessages },
  { name: "executions", erase: eraseRuns },
  { name: "actors", erase: eraseActors },
  { name: "events", erase: eraseEvents },
  { name: "problems", erase: eraseProblems },
  { name: "inbox", erase: eraseItems },
  { name: "audit", erase: eraseAudit },
];
