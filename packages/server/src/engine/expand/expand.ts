import { storableJson } from "../../core/text/text.ts";
import { internalReason } from "../../core/text/error-message.ts";
import { type Handler, type Job, perLane, type Ref } from "../../queue/job.ts";
import { parseEvent } from "../../core/event-record.ts";
import { int, json, keysOf, rowsOf, text, uuid } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { closeByEvents } from "../../routing/success.ts";
import { readNows } from "../../workspaces/clock.ts";
import { applyCancelNotices, areNotices, markExpanding, readErased } from "./notices.ts";
import type { StageDeps } from "../deps.ts";
import { beginRuns, carryOut } from "./begin-runs.ts";
import { refuseIntent } from "./gates.ts";
import { type FanOutRest, forgetMissingParents, planFanOut, queueRest } from "./fan-out.ts";
import { type Intent, type RequestRow, readIntents, rememberNows } from "./intent.ts";
import { createNoteUsed } from "../chunk/last-used.ts";
import { problem, type RequestProblem } from "../problem.ts";
import { planRuns } from "./people.ts";
import type { ChunkData, Configuration, Run } from "../run.ts";
import { loadConfiguration } from "../chunk/chunk-data.ts";
import { type ReceivedEvent, signalWaiters } from "../waits/waiters.ts";

/**
 * Expand: accepted requests become runs, one per recipient, and each run is walked as far as it goes, all in the
 * transaction that takes the job off its queue. A crash anywhere before its commit leaves the request as it was
 * accepted. The commit does not wait for the disk: what a database crash undoes here, it undoes together with the job's
 * completion, so the job runs again.
 */
export function createExpandHandler(deps: StageDeps): Handler {
  const noteExecuted = createNoteUsed("workflow");
  return {
    batch: perLane({ campaigns: 1, others: 4 }),
    loops: perLane({ campaigns: 1, others: 2 }),
    divisible: true,
    async handle(jobs, lane) {
      const chunk = await readChunk(jobs, deps);
      await deps.db.tx(
        async (tx) => {
          await deps.queue.settle(tx, "expand", lane, jobs);
          await Promise.all([markExpanding(tx, chunk.requests), holdRequests(tx, chunk.requests)]);
          const begun = await expand(tx, chunk, deps);
          await noteExecuted(
            tx,
            begun.map(({ workspace_id, workflow: { slug } }) => ({ workspace_id, slug })),
          );
        },
        { relaxed: true, pause: () => deps.queue.waitForUrgentWork(lane) },
      );
    },
    giveUp: (tx, ref, error) => failRequest(tx, ref, error),
  };
}

/** Read before the transaction; see `loadConfiguration` for the reason. */
export interface Chunk {
  requests: RequestRow[];
  intents: Intent[];
  /** By request id. */
  problems: Map<string, RequestProblem[]>;
  configuration: Configuration;
}

async function readChunk(jobs: Job[], deps: StageDeps): Promise<Chunk> {
  const refs = jobs.flatMap((job) => job.refs);
  return readRequests(await loadRequests(deps.db, refs), deps);
}

export async function readRequests(requests: RequestRow[], deps: StageDeps): Promise<Chunk> {
  const problems = new Map<string, RequestProblem[]>(requests.map(({ id }) => [id, []]));
  const intents: Intent[] = [];
  const nowOf = rememberNows(deps);
  for (const request of requests) {
    const read = await readIntents(request, { ...deps, nowOf });
    // Problems of a page's runs are logged on the page: the request that named the object may be long gone.
    for (const { request: first } of read.intents) problems.set(first.id, problems.get(request.id) ?? []);
    intents.push(...read.intents);
    problems.get(request.id)?.push(...read.problems);
  }
  const uses = intents.map(({ request, workflow, tenant_id }) => {
    return { workspace_id: request.workspace_id, workflow, tenant_id };
  });
  const configuration = await loadConfiguration(uses, deps);
  const possible = intents.filter((intent) => {
    const refusal = refuseIntent(intent, configuration);
    if (refusal !== null) problems.get(intent.request.id)?.push(refusal);
    return refusal === null;
  });
  return { requests, intents: possible, problems, configuration };
}

/** Returns the runs that it created. */
async function expand(tx: Tx, chunk: Chunk, deps: StageDeps): Promise<Run[]> {
  const { begun, chunkData, rest } = await plan(tx, chunk, deps);
  await carryOut(tx, begun, chunkData, deps);
  await queueRest(tx, rest, deps);
  await recordProblems(tx, chunk.requests, chunk.problems, begun);
  return begun;
}

/** Everything before the first node: who gets a run, and what the runs see. Writes profiles and counts throttles. */
export async function plan(
  tx: Tx,
  { requests, intents, problems, configuration }: Chunk,
  deps: StageDeps,
): Promise<{ begun: Run[]; chunkData: ChunkData; rest: FanOutRest[] }> {
  const workspaces = new Set(requests.map(({ workspace_id }) => workspace_id));
  const nows = await readNows(tx, workspaces, await deps.clock(tx));
  await signalEvents(tx, requests, nows, deps);
  const heedsNotices = await areNotices(tx, intents);
  const isErased = heedsNotices ? await readErased(tx, intents) : () => false;
  const { runs: named, orders, known } = await planRuns(tx, intents, problems, nows, { ...deps, isErased });
  const reached = await planFanOut(tx, orders, nows, deps);
  const meant = { runs: [...named, ...reached.runs], rest: reached.rest };
  const { runs, rest } = heedsNotices ? await applyCancelNotices(tx, meant, intents, problems) : meant;
  const { begun, chunkData } = await beginRuns(tx, runs, { configuration, problems, known }, deps);
  forgetMissingParents(runs, orders, new Set(begun));
  return { begun, chunkData, rest };
}

/** Records new event names for pickers and signals runs that wait for the event, whether it starts workflows or not. */
async function signalEvents(
  tx: Tx,
  requests: RequestRow[],
  nows: ReadonlyMap<number, Date>,
  deps: StageDeps,
): Promise<void> {
  const received = requests.flatMap((request): ReceivedEvent[] => {
    const { workspace_id, id: request_id, created_at: received_at } = request;
    const event = request.api_type === "event" ? parseEvent(request.body) : null;
    if (event === null || !event.ok) return [];
    const { event: topic, distinct_id: key } = event.value;
    const at = nows.get(workspace_id) ?? received_at;
    return [{ workspace_id, topic, key, at, received_at, request_id }];
  });
  for (const [workspace_id, own] of Map.groupBy(received, (event) => event.workspace_id)) {
    const names = [...new Set(own.map(({ topic }) => topic))];
    await deps.catalog.registerEvents(tx, workspace_id, names);
  }
  await signalWaiters(tx, received, deps.queue);
  await closeByEvents(tx, received);
}

/** Ordered by workspace first: in that order the chunk locks recipients. */
async function loadRequests(db: Queryable, refs: Ref[]): Promise<RequestRow[]> {
  const { from, values } = keysOf(refs, uuid);
  return db.query<RequestRow>(
    `select r.workspace_id, r.id, r.api_type, r.name, r.tenant_id, r.idempotency_key, r.cancellation_key, r.body,
            r.created_at, r.parent_run_id, r.depth
       from ${from}
       join request r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.status = 'accepted'
      order by r.workspace_id, r.id`,
    values,
    "expand_load",
  );
}

/** Rewrites only requests that have problems. */
async function recordProblems(
  tx: Tx,
  requests: RequestRow[],
  problems: Map<string, RequestProblem[]>,
  begun: Run[],
): Promise<void> {
  const running = new Set(begun.map((run) => run.request_id));
  const withProblems = requests.filter(({ id }) => (problems.get(id)?.length ?? 0) > 0);
  if (withProblems.length === 0) return;
  // A page may have created runs of the request that named the object.
  const hasRuns = ({ id, api_type }: RequestRow) => running.has(id) || api_type === "fanout";
  const { from, values } = rowsOf("u", withProblems, {
    workspace_id: int((request) => request.workspace_id),
    id: uuid((request) => request.id),
    status: text((request) => requestStatusOf(problems.get(request.id) ?? [], hasRuns(request))),
    errors: json((request) => problems.get(request.id)),
  });
  await tx.query(
    `update request r set status = u.status, errors = u.errors::json, updated_at = now()
       from ${from}
      where r.workspace_id = u.workspace_id and r.id = u.id`,
    values,
    "expand_problems",
  );
}

function requestStatusOf(problems: RequestProblem[], hasRuns: boolean): string {
  if (problems.every(({ error_code }) => error_code === "cancelled"))
    return hasRuns ? "accepted" : "cancelled";
  return !hasRuns && problems.some(({ severity }) => severity === "error") ? "failure" : "partial_failure";
}

async function failRequest(tx: Tx, { workspace_id, id }: Ref, error: unknown): Promise<void> {
  const entry = problem(null, "internal", internalReason(error));
  await tx.query(
    `update request set status = 'failure', errors = $3, updated_at = now()
      where workspace_id = $1 and id = $2 and status = 'accepted'`,
    [workspace_id, id, storableJson([entry])],
  );
}

/**
 * Blocks concurrent cancels until these requests have become runs: a later cancel sees the runs. Requests that were
 * cancelled since they were read must not become runs: then the chunk is read again without them. Locks in key order,
 * as a cancel does. For 100 rows it takes well under a millisecond and rewrites no row.
 */
async function holdRequests(tx: Tx, requests: RequestRow[]): Promise<void> {
  if (requests.length === 0) return;
  const { from, values } = keysOf(requests, uuid);
  const held = await tx.query(
    `select from ${from}
       join request r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.status = 'accepted' order by r.workspace_id, r.id for share of r`,
    values,
    "expand_hold",
  );
  if (held.length < requests.length) throw new CancelledMeanwhileError();
}

/** Has the code of a serialization failure, because it is one: the same work succeeds when retried. */
class CancelledMeanwhileError extends Error {
  override name = "CancelledMeanwhileError";
  code = "40001";

  constructor() {
    super("a request of the chunk was cancelled while it was read");
  }
}
