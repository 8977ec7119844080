import type { Db } from "../../packages/server/src/db/db.ts";
import type { Sink } from "./sink.ts";

/** Everything that is known in the end: what clients were told, what the world outside was given, what is stored. */
export interface Evidence {
  /** By their number, in the order they were begun. */
  triggers: Trigger[];
  sink: Sink;
  outages: Outage[];
  requests: RequestRow[];
  runs: RunRow[];
  /** By run id. */
  messages: Map<string, MessageRow[]>;
}

export interface Trigger {
  n: number;
  /** Null: it was sent once, whatever became of it. */
  key: string | null;
  /** Their distinct ids, each once. */
  recipients: string[];
  /** The ids that its 202s named. */
  accepted: Set<string>;
  /** At least one try had no answer, or the answer that the database is away. */
  in_doubt: boolean;
}

/** Somebody was down. */
export interface Outage {
  names: readonly string[];
  /** performance.now() before the kill, and when everything was up again. */
  from: number;
  to: number;
}

export interface RequestRow {
  id: string;
  /** The number of the trigger; null for what runs have caused. */
  n: number | null;
  kind: "trigger" | "event" | "caused";
  /** The workflow's slug, or the event's name. */
  name: string;
  status: string;
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
  /** Of its payload; null where that has none. */
  n: number | null;
  /** What it was not triggered with, but has come by; null when there is nothing. */
  data: Record<string, unknown> | null;
  steps: StepRow[];
}

/** As the engine logs it: time in ms, node, stage, text, values seen. */
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
  /** How often it was marked. */
  ambiguous: number;
  /** Stored in the inbox. */
  items: number;
  /** What it says: of inbox and text messages. */
  text: string | null;
}

export async function gatherEvidence(
  db: Db,
  known: Pick<Evidence, "triggers" | "sink" | "outages">,
): Promise<Evidence> {
  const requests = await db.query<RequestRow>(
    `select id::text, coalesce(body -> 'data' ->> 'n', body -> 'properties' ->> 'n')::int as n, name, status,
            case when parent_run_id is not null then 'caused' when api_type = 'event' then 'event' else 'trigger' end as kind,
            parent_run_id, created_at
       from request`,
  );
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

/** The channels that a run made messages for, sorted: `inbox sms`. */
export function channelsOf({ messages }: Evidence, { id }: RunRow): string {
  return (messages.get(id) ?? [])
    .map(({ channel }) => channel)
    .sort()
    .join(" ");
}
