import type { Db } from "../../packages/server/src/db/db.ts";
import type { Trigger } from "./load.ts";
import type { Sink } from "./sink.ts";

/**
 * What the clients were told and the vendor was given, held against what the database has in the end.
 */
export interface Findings {
  counts: Record<string, number>;
  /** Broken promises, in words; empty when all were kept. */
  problems: string[];
}

interface RequestRow {
  id: string;
  n: number;
  status: string;
  runs: number;
}

interface RunRow {
  id: string;
  request_id: string;
  status: string;
}

interface MessageRow {
  id: string;
  execution_id: string;
  channel: string;
  status: string;
  attempt: number;
  failure_class: string | null;
  ambiguous: number;
  items: number;
}

/** True when nothing is under way any more. */
export async function isAtRest(db: Db, of: "runs" | "messages"): Promise<boolean> {
  const [row] = await db.query<{ open: boolean }>(
    of === "runs"
      ? `select exists (select from run where status = 'in_progress')
             or exists (select from request q where q.status = 'accepted'
                  and not exists (select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id)) as open`
      : "select exists (select from message where status = 'triggered') as open",
  );
  return row?.open === false;
}

export async function examine(db: Db, triggers: Trigger[], sink: Sink): Promise<Findings> {
  const requests = await db.query<RequestRow>(
    `select q.id::text, (q.body -> 'data' ->> 'n')::int as n, q.status,
            (select count(*)::int from run r where r.workspace_id = q.workspace_id and r.request_id = q.id) as runs
       from request q`,
  );
  const runs = await db.query<RunRow>("select id, request_id::text, status from run");
  const messages = await db.query<MessageRow>(
    `select m.id, m.execution_id, m.channel, m.status, m.attempt, m.failure_class,
            (select count(*)::int from message_event e
              where e.workspace_id = m.workspace_id and e.message_id = m.id and e.kind = 'ambiguous') as ambiguous,
            (select count(*)::int from inbox_item i where i.workspace_id = m.workspace_id and i.id = m.id) as items
       from message m`,
  );
  const accepted = triggers.filter((trigger) => trigger.accepted.size > 0);
  const doubtful = messages.filter(({ ambiguous }) => ambiguous > 0);
  const unknown = triggers.filter(isUnknown);
  const repeated = [...sink.arrived].filter(([, attempts]) => attempts.length > 1);
  return {
    counts: {
      "202s": accepted.length,
      "triggers without an answer": unknown.length,
      "of these, ran": unknown.filter(({ n }) => requests.some((request) => request.n === n)).length,
      runs: runs.length,
      messages: messages.length,
      "texts at the sink": sink.arrived.size,
      "duplicates at the sink": repeated.reduce((sum, [, attempts]) => sum + attempts.length - 1, 0),
      "calls cut by a kill": sink.cut.size,
      "marked ambiguous": doubtful.length,
      "in doubt, sent again": doubtful.filter((message) => !isLeft(message)).length,
      "in doubt, left as failed": doubtful.filter(isLeft).length,
    },
    problems: [
      ...checkRequests(triggers, requests),
      ...checkRuns(runs, messages),
      ...checkMessages(messages, sink),
    ],
  };
}

/** By the rule of its channel and category: once in doubt, never sent again. */
function isLeft({ status, failure_class }: MessageRow): boolean {
  return status === "trigger_failed" && failure_class === "ambiguous";
}

function isUnknown({ accepted, in_doubt }: Trigger): boolean {
  return accepted.size === 0 && in_doubt;
}

function checkRequests(triggers: Trigger[], requests: RequestRow[]): string[] {
  const problems: string[] = [];
  const byId = new Map(requests.map((request) => [request.id, request]));
  const runsOf = new Map<number, number>();
  for (const { n, runs } of requests) runsOf.set(n, (runsOf.get(n) ?? 0) + runs);
  for (const trigger of triggers) {
    const { n, accepted } = trigger;
    const runs = runsOf.get(n) ?? 0;
    if (accepted.size > 1) problems.push(`trigger ${n}: its key named ${accepted.size} requests`);
    for (const id of accepted) {
      const request = byId.get(id);
      if (request === undefined) problems.push(`trigger ${n}: had a 202 for request ${id}, which is gone`);
      else if (request.n !== n)
        problems.push(`trigger ${n}: its 202 names the request of trigger ${request.n}`);
      else if (request.runs !== 1)
        problems.push(`trigger ${n}: had a 202 and ${request.runs} runs (${request.status})`);
    }
    if (runs > 1) problems.push(`trigger ${n}: has ${runs} runs in all`);
  }
  const begun = new Set(triggers.map(({ n }) => n));
  for (const { id, n } of requests) {
    if (!begun.has(n)) problems.push(`request ${id} was never sent`);
  }
  return problems;
}

function checkRuns(runs: RunRow[], messages: MessageRow[]): string[] {
  const problems: string[] = [];
  const channels = new Map<string, string[]>();
  for (const { execution_id, channel } of messages) {
    channels.set(execution_id, [...(channels.get(execution_id) ?? []), channel]);
  }
  for (const { id, status } of runs) {
    const made = (channels.get(id) ?? []).sort().join(" ");
    if (status !== "completed") problems.push(`run ${id} is ${status}`);
    if (made !== "inbox sms") problems.push(`run ${id} made the messages [${made}]`);
  }
  return problems;
}

function checkMessages(messages: MessageRow[], sink: Sink): string[] {
  const problems: string[] = [];
  const known = new Map(messages.map((message) => [message.id, message]));
  for (const { id, channel, status, items, failure_class } of messages) {
    if (status === "triggered") problems.push(`message ${id} (${channel}) is not settled`);
    if (channel === "inbox" && (status !== "delivered" || items !== 1)) {
      problems.push(`message ${id} (inbox) is ${status} with ${items} items`);
    }
    if (channel === "sms" && status === "sent_by_vendor" && !sink.arrived.has(id)) {
      problems.push(`message ${id} (sms) is ${status} but never came to the vendor`);
    }
    if (channel === "sms" && status !== "sent_by_vendor" && failure_class !== "ambiguous") {
      problems.push(`message ${id} (sms) is ${status}: ${failure_class}`);
    }
  }
  for (const [id, attempts] of sink.arrived) {
    const message = known.get(id);
    if (message === undefined) problems.push(`the vendor was given ${id}, which no run has made`);
    else if (new Set(attempts).size < attempts.length)
      problems.push(`message ${id} was sent twice in one attempt`);
    else if (attempts.length > 1 && message.ambiguous === 0 && message.attempt < attempts.length) {
      problems.push(`message ${id} came to the vendor ${attempts.length} times without a word about it`);
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
