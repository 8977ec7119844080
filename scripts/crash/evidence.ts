import type { Db } from "../../packages/server/src/db/db.ts";
import type { FaultKind, Name } from "./faults.ts";
import type { Sink } from "./sink.ts";

/** Everything known at the end: the responses to clients, the requests to outside servers, and the stored rows. */
export interface Evidence {
  /** By number, in the order they were begun. */
  triggers: Trigger[];
  sink: Sink;
  outages: Outage[];
  events: SentEvent[];
  requests: RequestRow[];
  runs: RunRow[];
  /** By run id. */
  messages: Map<string, MessageRow[]>;
}

/** What is known without the database. */
export type Known = Pick<Evidence, "triggers" | "sink" | "outages" | "events">;

export interface Trigger {
  n: number;
  /** Null: it was sent once, whatever happened to it. */
  key: string | null;
  /** Their distinct ids, without duplicates. */
  recipients: string[];
  /** The ids in its 202 responses. */
  accepted: Set<string>;
  /** At least one attempt got no response, or the response that the database is unavailable. */
  in_doubt: boolean;
}

/** An event that had its 202. */
export interface SentEvent {
  /** Of the trigger that it names. */
  n: number;
  /** When the response was there; of the same clock as the database's. */
  acknowledged_at: Date;
}

/** A period in which things could happen because of one fault. */
export interface Outage {
  kind: FaultKind;
  /** The processes hit, or the database. */
  names: readonly (Name | "postgres")[];
  /** performance.now() before it began, and when it had no consequences any more. */
  from: number;
  to: number;
}

export interface RequestRow {
  id: string;
  /** The number of the trigger; null for requests caused by runs. */
  n: number | null;
  kind: "trigger" | "event" | "caused";
  /** The workflow's slug, or the event's name. */
  name: string;
  status: string;
  idempotency_key: string;
  parent_run_id: string | null;
  created_at: Date;
}

export interface RunRow {
  id: string;
  request_id: string;
  parent_run_id: string | null;
  slug: string;
  distinct_id: string;
  status: string;
  /** From its payload; null if there is none. */
  n: number | null;
  /** Data that was added after the trigger; null if there is none. */
  data: Record<string, unknown> | null;
  steps: StepRow[];
}

/** In the engine's log format: time in ms, node, stage, text, values. */
export interface StepRow {
  t: number;
  n?: string;
  s: string;
  m: string;
  p?: Record<string, unknown>;
}

export interface MessageRow {
  id: string;
  execution_id: string;
  node_ref: string;
  channel: string;
  status: string;
  attempt: number;
  failure_class: string | null;
  /** How often it was marked ambiguous. */
  ambiguous: number;
  /** The number of items stored in the inbox. */
  items: number;
  /** The text of inbox and text messages. */
  text: string | null;
}

/** It reads everything. */
const STATEMENT_MS = 120_000;

export async function gatherEvidence(all: Db, known: Known): Promise<Evidence> {
  const db = all.patient(STATEMENT_MS);
  const requests = await db.query<RequestRow>(
    `select id::text, coalesce(body -> 'data' ->> 'n', body -> 'properties' ->> 'n')::int as n, name, status,
            case when parent_run_id is not null then 'caused' when api_type = 'event' then 'event' else 'trigger' end as kind,
            idempotency_key, parent_run_id, created_at
       from request`,
  );
  for (const { key, accepted } of known.triggers) {
    // What was accepted under a key is the request that has it.
    if (!accepted.delete("OK")) continue;
    const own = requests.find(
      ({ idempotency_key, status }) => idempotency_key === key && status !== "skipped",
    );
    accepted.add(own?.id ?? `under ${key}`);
  }
  const runs = await db.query<RunRow>(
    `select r.id, r.request_id::text, r.parent_run_id, r.workflow_slug as slug, r.distinct_id, r.status, r.data, r.steps,
            coalesce(q.body -> 'data' ->> 'n', q.body -> 'properties' ->> 'n')::int as n
       from run r left join request q on q.workspace_id = r.workspace_id and q.id = r.request_id`,
  );
  const messages = await db.query<MessageRow>(
    `select m.id, m.execution_id, m.node_ref, m.channel, m.status, m.attempt, m.failure_class,
            (select count(*)::int from message_event e
              where e.workspace_id = m.workspace_id and e.message_id = m.id and e.kind = 'ambiguous') as ambiguous,
            (select count(*)::int from inbox_item i where i.workspace_id = m.workspace_id and i.id = m.id) as items,
            coalesce(m.content ->> 'text', m.content ->> 'body') as text
       from message m order by m.id`,
  );
  const byRun = new Map<string, MessageRow[]>();
  for (const message of messages) {
    const own = byRun.get(message.execution_id);
    if (own === undefined) byRun.set(message.execution_id, [message]);
    else own.push(message);
  }
  return { ...known, requests, runs, messages: byRun };
}

export function runsOf({ runs }: Evidence, slug: string): RunRow[] {
  return runs.filter((run) => run.slug === slug);
}

/** The channels on which a run made messages, sorted: `inbox sms`. */
export function channelsOf({ messages }: Evidence, { id }: RunRow): string {
  return (messages.get(id) ?? [])
    .map(({ channel }) => channel)
    .sort()
    .join(" ");
}
