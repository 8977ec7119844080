import { storableJson } from "../../core/text/text.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import { LOCKS } from "../../db/locks.ts";
import { setTimeout as delay } from "node:timers/promises";
import { recipientName, describeRecipient } from "../../core/text/recipient-name.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import type { FanOutRest } from "./fan-out.ts";
import { problemOf, type RequestProblem } from "../problem.ts";
import type { Intent, RequestRow } from "./intent.ts";
import type { Run } from "../run.ts";
import type { CancelFilter } from "../cancel/filter.ts";
import type { NamedPeople } from "../cancel/people.ts";

/**
 * A cancel that names people, or one workflow of an event, concerns part of requests that have no runs yet. Which part
 * is unknown until expand determines the recipients of an event or the subscribers of an object. So the cancel leaves a
 * notice, and expand creates no run for a recipient named by a notice if the request was accepted before it.
 *
 * Each name has its own row: a person, an object or an address, otherwise the trigger's key, with the rest of the
 * filter.
 */
interface Notice {
  name: string;
  at: Date;
  filter: Rest;
}

type Rest = Pick<CancelFilter, "workflow_slug" | "idempotency_key" | "cancellation_key">;

const nameOf = (who: { object_type: string; distinct_id: string }): string =>
  `${who.object_type === "" ? "user" : "object"} ${recipientName(who)}`;
const nameOfAddress = (key: string): string => `address ${key}`;
const nameOfTrigger = (idempotency_key: string | null, cancellation_key: string | null): string =>
  idempotency_key === null ? `cancellation ${cancellation_key ?? ""}` : `idempotency ${idempotency_key}`;

/**
 * Commits its own transaction before runs are searched: expands that begin afterwards see the notice. Returns the ids.
 */
export async function leaveNotice(
  db: Queryable,
  workspace_id: number,
  filter: CancelFilter,
  people: NamedPeople | null,
): Promise<string[]> {
  const { workflow_slug, idempotency_key, cancellation_key } = filter;
  const rest: Rest = { workflow_slug, idempotency_key, cancellation_key };
  const names =
    people === null
      ? [nameOfTrigger(idempotency_key, cancellation_key)]
      : [...people.keys.map(nameOf), ...people.addresses.map(nameOfAddress)];
  const rows = await db.query<{ id: string }>(
    `insert into cancel_notice (workspace_id, name, filter) select $1, name, $3 from unnest($2::text[]) as n(name)
     returning id::text`,
    [workspace_id, [...new Set(names)], storableJson(rest)],
  );
  return rows.map(({ id }) => id);
}

/**
 * For users who are deleted in the caller's transaction: what was accepted before makes no run for them, and does not
 * create them again. What is accepted later is about the user who has the id by then.
 */
export async function leaveErasureNotice(
  tx: Queryable,
  workspace_id: number,
  distinct_ids: readonly string[],
): Promise<void> {
  const names = distinct_ids.map((distinct_id) => nameOf({ object_type: "", distinct_id }));
  await tx.query(
    "insert into cancel_notice (workspace_id, name, filter) select $1, name, $3 from unnest($2::text[]) as n(name)",
    [workspace_id, names, storableJson({ ...WHOLE, [ERASES]: true })],
  );
}

const WHOLE: Rest = { workflow_slug: null, idempotency_key: null, cancellation_key: null };
const ERASES = "erases";

/** True for a person whom a request must not create, because they were deleted after it was accepted. */
export type IsErased = (
  request: Pick<RequestRow, "workspace_id" | "created_at">,
  who: { object_type: string; distinct_id: string },
) => boolean;

export async function readErased(tx: Tx, intents: readonly Intent[]): Promise<IsErased> {
  const named = intents.flatMap(({ request, recipients, actor }) =>
    [...recipients, ...(actor === null ? [] : [actor])].flatMap((spec) =>
      spec.object_type === "" ? [{ workspace_id: request.workspace_id, name: nameOf(spec) }] : [],
    ),
  );
  if (named.length === 0) return () => false;
  const { from, values } = rowsOf("k", named, {
    workspace_id: int((one) => one.workspace_id),
    name: text((one) => one.name),
  });
  const rows = await tx.query<{ workspace_id: number; name: string; at: Date }>(
    `select n.workspace_id, n.name, max(n.at) as at from (select distinct * from ${from}) k
       join cancel_notice n on n.workspace_id = k.workspace_id and n.name = k.name
      where n.filter ->> '${ERASES}' = 'true' group by n.workspace_id, n.name`,
    values,
    "notices_erasing",
  );
  const times = new Map(rows.map(({ workspace_id, name, at }) => [`${workspace_id} ${name}`, at]));
  return ({ workspace_id, created_at }, who) => {
    const at = times.get(`${workspace_id} ${nameOf(who)}`);
    return at !== undefined && at > created_at;
  };
}

/** Whether some cancel or deletion may concern these requests: mostly none does, and nothing more is looked up. */
export async function areNotices(tx: Tx, intents: readonly Intent[]): Promise<boolean> {
  const workspaces = new Set(intents.map(({ request }) => request.workspace_id));
  const some = "select from cancel_notice where workspace_id = any($1) limit 1";
  return (await tx.query(some, [[...workspaces]], "notices_any")).length > 0;
}

/**
 * Called once the runs are locked: what they triggered until then is later than the notice, and must be covered by it
 * too. Uses the wall clock, because this transaction may have waited for the locks.
 */
export async function renewNotice(tx: Tx, workspace_id: number, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    "update cancel_notice set at = clock_timestamp() where workspace_id = $1 and id = any($2::bigint[])",
    [workspace_id, ids],
  );
}

/** Taken by every expand before it reads notices, and held until its runs are committed. */
export function markExpanding(tx: Tx, requests: RequestRow[]): Promise<unknown> {
  const workspaces = new Set(requests.map(({ workspace_id }) => workspace_id));
  return tx.query(
    "select pg_advisory_xact_lock_shared($1, w) from unnest($2::int[]) as k(w)",
    [LOCKS.expanding, [...workspaces].toSorted((a, b) => a - b)],
    "expand_mark",
  );
}

const PATIENCE_MS = 20_000;
const LONGEST_PAUSE_MS = 50;

/**
 * Waits until each expand that may have missed the notice is over. Polls the lock instead of requesting it: a queued
 * exclusive request would block every expand that arrives after it, so that one-time passwords wait for campaigns.
 */
export async function awaitExpanding(
  db: Pick<Queryable, "query">,
  workspace_id: number,
  patience_ms = PATIENCE_MS,
): Promise<void> {
  const begun = performance.now();
  let before: string[] | null = null;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const holders: { id: string }[] = await db.query<{ id: string }>(
      `select virtualtransaction as id from pg_locks
        where locktype = 'advisory' and classid = $1::int::oid and objid = $2::int::oid and objsubid = 2
          and database = (select oid from pg_database where datname = current_database())
          and ($3::text[] is null or virtualtransaction = any($3))`,
      [LOCKS.expanding, workspace_id, before],
    );
    if (holders.length === 0) return;
    if (performance.now() - begun > patience_ms) {
      throw new AppError(
        "conflict",
        "what was triggered before is still being expanded; send this again in a moment",
      );
    }
    before = holders.map(({ id }) => id);
    await delay(pause);
  }
}

/** Runs and further pages of objects' subscribers that a chunk is about to begin. */
export interface Planned {
  runs: Run[];
  rest: FanOutRest[];
}

/** Drops the runs and pages that a notice names; the request's log says so. */
export async function applyCancelNotices(
  tx: Tx,
  { runs, rest }: Planned,
  intents: Intent[],
  problems: Map<string, RequestProblem[]>,
): Promise<Planned> {
  const accepted_at = new Map(intents.map(({ request }) => [request.id, request.created_at]));
  const objects = await nameObjects(tx, { runs, rest });
  const subjects = new Map<Run | FanOutRest, Subject>([
    ...runs.map((run) => [run, ofRun(run, objects)] as const),
    ...rest.map((page) => [page, ofPage(page, objects)] as const),
  ]);
  const ending = new Set<Run | FanOutRest>();
  for (const [workspace_id, own] of Map.groupBy([...subjects], ([, subject]) => subject.workspace_id)) {
    const notices = await readNotices(
      tx,
      workspace_id,
      own.flatMap(([, { names }]) => names),
    );
    for (const [one, subject] of own) {
      const at = accepted_at.get(subject.request_id);
      if (at !== undefined && subject.names.some((name) => isMeant(notices.get(name), subject, at)))
        ending.add(one);
    }
  }
  for (const run of runs) if (ending.has(run)) problems.get(run.request_id)?.push(tellOf(run));
  return { runs: runs.filter((run) => !ending.has(run)), rest: rest.filter((page) => !ending.has(page)) };
}

/** A run or page that a notice may name. */
interface Subject extends Rest {
  workspace_id: number;
  request_id: string;
  names: string[];
}

function ofRun(run: Run, objects: ReadonlyMap<string, string>): Subject {
  const { workspace_id, request_id, workflow, idempotency_key, cancellation_key, parent_object } = run;
  const names = [
    nameOf(run),
    ...(run.inline?.identities ?? []).map(({ key }) => nameOfAddress(key)),
    ...(parent_object === null ? [] : [`object ${parent_object}`]),
    ...namesAround({ idempotency_key, cancellation_key }, run.parent_run_id, objects),
  ];
  return { workspace_id, request_id, workflow_slug: workflow.slug, idempotency_key, cancellation_key, names };
}

function ofPage({ order }: FanOutRest, objects: ReadonlyMap<string, string>): Subject {
  const { request, workflow } = order.intent;
  const { workspace_id, id: request_id, idempotency_key, cancellation_key } = request;
  const names = namesAround(request, order.parent_run_id, objects);
  return { workspace_id, request_id, workflow_slug: workflow.slug, idempotency_key, cancellation_key, names };
}

/** Names of the trigger, and of the object through which it came. */
function namesAround(
  { idempotency_key, cancellation_key }: Pick<Rest, "idempotency_key" | "cancellation_key">,
  parent_run_id: string | null,
  objects: ReadonlyMap<string, string>,
): string[] {
  const object = parent_run_id === null ? undefined : objects.get(parent_run_id);
  return [
    nameOfTrigger(idempotency_key, null),
    ...(cancellation_key === null ? [] : [nameOfTrigger(null, cancellation_key)]),
    ...(object === undefined ? [] : [object]),
  ];
}

/** By run id. Objects of further pages began with the first page. */
async function nameObjects(tx: Tx, { runs, rest }: Planned): Promise<Map<string, string>> {
  const names = new Map(
    runs.filter(({ object_type }) => object_type !== "").map((run) => [run.id, nameOf(run)]),
  );
  const parents = [...runs, ...rest.map(({ order }) => order)].flatMap(
    ({ parent_run_id }) => parent_run_id ?? [],
  );
  const earlier = [...new Set(parents)].filter((id) => !names.has(id));
  if (earlier.length === 0) return names;
  const rows = await tx.query<{ id: string; object_type: string; distinct_id: string }>(
    "select id, object_type, distinct_id from run where workspace_id = any($1) and id = any($2) and object_type <> ''",
    [[...new Set(runs.map(({ workspace_id }) => workspace_id))], earlier],
  );
  for (const row of rows) names.set(row.id, nameOf(row));
  return names;
}

async function readNotices(
  tx: Tx,
  workspace_id: number,
  names: string[],
): Promise<Map<string, Omit<Notice, "name">[]>> {
  const rows = await tx.query<Notice>(
    "select name, at, filter from cancel_notice where workspace_id = $1 and name = any($2)",
    [workspace_id, [...new Set(names)]],
    "notices_named",
  );
  return Map.groupBy(rows, ({ name }) => name);
}

function isMeant(notices: Omit<Notice, "name">[] | undefined, subject: Subject, accepted_at: Date): boolean {
  const fits = (wanted: string | null, is: string | null) => wanted === null || wanted === is;
  return (notices ?? []).some(
    ({ at, filter }) =>
      at > accepted_at &&
      fits(filter.workflow_slug, subject.workflow_slug) &&
      fits(filter.idempotency_key, subject.idempotency_key) &&
      fits(filter.cancellation_key, subject.cancellation_key),
  );
}

function tellOf(run: Run): RequestProblem {
  const text = `cancelled via API before it began, for ${describeRecipient(run)}`;
  return { ...problemOf(run, run.workflow.slug, "cancelled", text), severity: "info" };
}
