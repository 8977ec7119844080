import type { Db } from "../../packages/server/src/db/db.ts";
import {
  type Evidence,
  gatherEvidence,
  type Known,
  type MessageRow,
  type RequestRow,
  type RunRow,
} from "./evidence.ts";
import { JOURNEYS } from "./journeys.ts";
import type { Findings } from "./journeys/journey.ts";

/**
 * Compares the responses to clients and the requests to outside servers with the final state of the database: what must
 * hold for every request, run and message, and what each journey promises beyond that.
 */
export async function examine(db: Db, known: Known): Promise<Findings> {
  const evidence = await gatherEvidence(db, known);
  const journeys: Findings[] = [];
  for (const journey of JOURNEYS) journeys.push(await journey.examine(evidence, db));
  return {
    counts: Object.assign(count(evidence), ...journeys.map(({ counts }) => counts)),
    problems: [
      ...checkRequests(evidence),
      ...evidence.runs.flatMap(checkRun),
      ...checkMessages(evidence),
      ...checkCallers(evidence),
      ...journeys.flatMap(({ problems }) => problems),
      ...(await checkLeftovers(db)),
    ],
  };
}

/** True when nothing is in progress, and nothing will start on its own. */
export async function isAtRest(db: Db): Promise<boolean> {
  const [row] = await db.query<{ open: boolean }>(
    `select exists (select from run where status = 'in_progress')
         or exists (select from broadcast where status in ('scheduled', 'in_progress'))
         or exists (select from message where status in ('triggered', 'to_be_triggered'))
         or exists (select from pgboss.job where name ~ $1 and state < 'completed') as open`,
    [OUR_QUEUES],
  );
  return row?.open === false;
}

/** True when all work that a process held at that time is done, or held by a process again. */
export async function isContinued(db: Db, then: Date): Promise<boolean> {
  const [row] = await db.query<{ open: boolean }>(
    `select exists (select from pgboss.job where name ~ $1 and created_on < $2
                       and (state = 'active' and started_on < $2 or state < 'active' and retry_count > 0)) as open`,
    [OUR_QUEUES, then],
  );
  return row?.open === false;
}

const OUR_QUEUES = "^(expand|broadcast|execute|call|send)-";

function count({ triggers, requests, runs, messages: byRun, sink }: Evidence): Findings["counts"] {
  const messages = [...byRun.values()].flat();
  const doubtful = messages.filter(({ ambiguous }) => ambiguous > 0);
  const unknown = triggers.filter(({ accepted, in_doubt }) => accepted.size === 0 && in_doubt);
  const ran = new Set(requests.flatMap(({ kind, n }) => (kind === "trigger" ? [n] : [])));
  return {
    "202s": triggers.filter(({ accepted }) => accepted.size > 0).length,
    "triggers without an answer": unknown.length,
    "of these, ran": unknown.filter(({ n }) => ran.has(n)).length,
    runs: runs.length,
    messages: messages.length,
    "texts at the sink": sink.texts.size,
    "duplicates at the sink": [...sink.texts.values()].reduce((sum, { length }) => sum + length - 1, 0),
    "texts cut by a kill": sink.cut.size,
    "marked ambiguous": doubtful.length,
    "in doubt, sent again": doubtful.filter((message) => !isLeft(message)).length,
    "in doubt, left as failed": doubtful.filter(isLeft).length,
  };
}

/** By the rule of its channel and category: once in doubt, never sent again. */
function isLeft({ status, failure_class }: MessageRow): boolean {
  return status === "trigger_failed" && failure_class === "ambiguous";
}

function checkRequests({ triggers, requests, runs }: Evidence): string[] {
  const problems: string[] = [];
  const byId = new Map(requests.map((request) => [request.id, request]));
  const runsOf = Map.groupBy(runs, ({ request_id }) => request_id);
  const stored = Map.groupBy(
    requests.filter(({ kind }) => kind === "trigger"),
    ({ n }) => n,
  );
  for (const { n, accepted, recipients } of triggers) {
    if (accepted.size > 1) problems.push(`trigger ${n}: its key named ${accepted.size} requests`);
    for (const id of accepted) {
      const request = byId.get(id);
      if (request === undefined) problems.push(`trigger ${n}: had a 202 for request ${id}, which is gone`);
      else if (request.n !== n)
        problems.push(`trigger ${n}: its 202 names the request of trigger ${request.n}`);
    }
    // A repeated key is answered with the request that has it, and leaves a row that records this.
    const { own = [], again = [] } = Object.groupBy(stored.get(n) ?? [], ({ status }) =>
      status === "skipped" ? "again" : "own",
    );
    if (own.length > 1) problems.push(`trigger ${n}: has ${own.length} requests`);
    for (const request of own)
      problems.push(...checkRunsOf(request, runsOf.get(request.id) ?? [], recipients));
    for (const request of again) problems.push(...checkRunsOf(request, runsOf.get(request.id) ?? [], []));
  }
  const begun = new Set(triggers.map(({ n }) => n));
  for (const { id, kind, n } of requests) {
    if (kind !== "caused" && (n === null || !begun.has(n))) problems.push(`request ${id} was never sent`);
  }
  return problems;
}

/** One for each recipient. */
function checkRunsOf({ n, status }: RequestRow, runs: RunRow[], recipients: string[]): string[] {
  const reached = runs.map(({ distinct_id }) => distinct_id).sort();
  return reached.join(" ") === [...recipients].sort().join(" ")
    ? []
    : [`trigger ${n}: is for [${recipients.join(" ")}] and ran for [${reached.join(" ")}] (${status})`];
}

function checkRun({ id, slug, status, steps }: RunRow): string[] {
  if (status === "completed") return [];
  return [`run ${id} of ${slug} is ${status}: ${steps.at(-1)?.m}`];
}

function checkMessages({ messages, sink }: Evidence): string[] {
  const problems: string[] = [];
  const known = new Map([...messages.values()].flat().map((message) => [message.id, message]));
  for (const message of known.values()) problems.push(...checkMessage(message, sink.texts.has(message.id)));
  for (const [id, texts] of sink.texts) {
    const message = known.get(id);
    if (message === undefined) problems.push(`the vendor was given ${id}, which no run has made`);
    else if (new Set(texts.map(({ attempt }) => attempt)).size < texts.length)
      problems.push(`message ${id} was sent twice in one attempt`);
    else if (texts.length > 1 && message.ambiguous === 0 && message.attempt < texts.length) {
      problems.push(`message ${id} came to the vendor ${texts.length} times without a word about it`);
    }
  }
  for (const id of sink.cut) {
    const message = known.get(id);
    if (message !== undefined && message.ambiguous === 0 && message.attempt < 2) {
      problems.push(`message ${id} was with the vendor when its worker died, and nothing says so`);
    }
  }
  return problems;
}

function checkMessage({ id, channel, status, items, failure_class }: MessageRow, arrived: boolean): string[] {
  const is = `message ${id} (${channel}) is ${status}`;
  switch (channel) {
    case "inbox":
      return status === "delivered" && items === 1 ? [] : [`${is} with ${items} items`];
    case "webhook":
      return status === "delivered" ? [] : [is];
    default:
      if (status === "sent_by_vendor") return arrived ? [] : [`${is} but never came to the vendor`];
      // Part of a routing, which records why.
      if (status === "not_to_be_triggered") return [];
      return failure_class === "ambiguous" && status === "trigger_failed" ? [] : [`${is}: ${failure_class}`];
  }
}

/** A call has the key of its run: one without a run was made in vain, and will be made again. */
function checkCallers({ runs, sink }: Evidence): string[] {
  const known = new Set(runs.map(({ id }) => id));
  return [...sink.calls.keys()]
    .filter((key) => !known.has(key.split(":", 1)[0] ?? ""))
    .map((key) => `a call came under the key ${key}, of a run that does not exist`);
}

/** Rows of waits and batches are removed with them. */
async function checkLeftovers(db: Db): Promise<string[]> {
  const problems: string[] = [];
  for (const table of [
    "batch",
    "batch_item",
    "waiter",
    "signal",
    "smart_step",
    "list_snapshot",
    "list_leaver",
  ]) {
    const [row] = await db.query<{ count: number }>(`select count(*)::int as count from ${table}`);
    if (row?.count !== 0) problems.push(`${row?.count} rows of ${table} are left over`);
  }
  return problems;
}
