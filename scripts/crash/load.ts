import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../packages/server/src/db/db.ts";
import type { Random } from "../../packages/server/test/random.ts";
import type { SentEvent, Trigger } from "./evidence.ts";
import { journeyOf } from "./journeys.ts";
import type { JourneyEvent } from "./journeys/journey.ts";
import { createWatch } from "./watch.ts";

/**
 * Triggers, one after the other in each client, and the events that runs wait for. Half of the triggers have an
 * idempotency key and are resent until they get their 202, as a careful client does; the others are sent once, so that
 * if a connection dies without a response only the database knows the result.
 */
export interface Load {
  /** By number, in the order they were begun. */
  triggers: Trigger[];
  /** Those with a 202, in the order of their responses. */
  events: SentEvent[];
  /** performance.now() at which the last trigger was sent that had a 202. */
  lastAccepted: () => number;
  /** Responses that no client of a crashing server should ever see. */
  wrong: string[];
  /** Starts no new triggers; resolves when each of them is accepted or given up. */
  stop: () => Promise<void>;
  /** Resolves when the last event was sent, and received if it is awaited; at the latest after this many seconds. */
  eventsSent: (seconds: number) => Promise<void>;
  /** Ends everything at once, whatever the state of the servers. */
  abort: () => Promise<void>;
}

export interface LoadOptions {
  url: string;
  apiKey: string;
  /** What the path of a broadcast names: a workspace key, or the workspace's uid. */
  workspace: string;
  clients: number;
  random: Random;
  /** The database in which runs are watched. */
  db: Db;
}

const PATIENCE_MS = 10_000;
/** Lets workers on a small machine keep up: a kill should hit the middle of nodes, not of a backlog. */
const LONGEST_PAUSE_MS = 250;
const RETRY_MS = 100;

export function startLoad({ url, apiKey, workspace, clients, random, db }: LoadOptions): Load {
  const triggers: Trigger[] = [];
  const events: SentEvent[] = [];
  const wrong: string[] = [];
  const meetings: Promise<void>[] = [];
  const aborted = new AbortController();
  const watch = createWatch(db);
  let stopping = false;
  let lastAccepted = 0;

  async function client(): Promise<void> {
    while (!stopping) {
      await begin(triggers.length);
      await sleep(random.below(LONGEST_PAUSE_MS));
    }
  }

  async function begin(n: number): Promise<void> {
    const { slug, event, broadcast, ...journey } = journeyOf(n);
    const { recipients, data } = journey.begin(n, random);
    const [first] = recipients;
    if (first === undefined) throw new Error(`trigger ${n} is for nobody`);
    const trigger: Trigger = {
      n,
      // Only its client ends a run that waits for its event, so the client has to know that there is one. A broadcast is
      // not answered with an id: its key is what it is known by.
      key: event?.is_awaited === true || broadcast !== undefined || random.chance(0.5) ? `order-${n}` : null,
      recipients: recipients.map(({ distinct_id }) => distinct_id),
      accepted: new Set(),
      in_doubt: false,
    };
    triggers.push(trigger);
    const body = { data: { ...data, n }, $idempotency_key: trigger.key };
    const [path, named] =
      broadcast === undefined
        ? ["/trigger/", { workflow: slug, recipients }]
        : [`/${workspace}/broadcast/`, { list_id: broadcast.list_id, ...broadcast.body }];
    await send(path, { ...named, ...body }, trigger);
    const [id] = trigger.accepted;
    if (id === undefined || event === undefined || random.below(100) >= event.percent) return;
    meetings.push(meet(n, id, first.distinct_id, event));
  }

  /** Sends once, or until it is accepted if the body has a key. */
  async function send(
    path: string,
    body: { $idempotency_key: string | null },
    fate: Pick<Trigger, "accepted" | "in_doubt">,
  ): Promise<void> {
    while (!aborted.signal.aborted) {
      const sent_at = performance.now();
      const answer = await post(path, JSON.stringify(body));
      if (answer === null || answer.status === 503) fate.in_doubt = true;
      else if (answer.status === 202) {
        fate.accepted.add(idOf(answer.text));
        lastAccepted = Math.max(lastAccepted, sent_at);
      } else wrong.push(`${path} ${answer.status} ${answer.text}`);
      if (fate.accepted.size > 0 || body.$idempotency_key === null || answer?.status === 400) return;
      await sleep(RETRY_MS);
    }
  }

  /** Null if there was no response, or only a part of one. */
  async function post(path: string, body: string): Promise<{ status: number; text: string } | null> {
    try {
      const response = await fetch(`${url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body,
        signal: AbortSignal.any([aborted.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }

  /**
   * Sends the event some time after the run began to wait. A crash of the database may undo that wait, which then
   * begins again without any earlier event: an awaited event is sent again.
   */
  async function meet(n: number, id: string, distinct_id: string, event: JourneyEvent): Promise<void> {
    let seen = await watch.until(id, () => true);
    await sleep(random.below(event.within_ms));
    for (let round = 0; seen !== null; round++) {
      const known = seen.wake_at;
      const body = {
        event: event.name,
        distinct_id,
        properties: { n },
        $idempotency_key: `event-${n}-${round}`,
      };
      const fate = { accepted: new Set<string>(), in_doubt: false };
      await send("/v2/event/", body, fate);
      if (fate.accepted.size > 0) events.push({ n, acknowledged_at: new Date() });
      if (!event.is_awaited) return;
      seen = await watch.until(
        id,
        ({ is_over, wake_at }) => is_over || (wake_at !== null && wake_at !== known),
      );
      if (seen?.is_over === true) return;
    }
  }

  /** A broadcast's answer is a text. */
  function idOf(text: string): string {
    return text === "OK" ? text : (JSON.parse(text) as { message_id: string }).message_id;
  }

  const running = Promise.all(Array.from({ length: clients }, client));
  async function stop(): Promise<void> {
    stopping = true;
    await running;
  }
  /** Findings report events that were not received by then: their runs are still in progress. */
  async function eventsSent(seconds: number): Promise<void> {
    const patience = setTimeout(watch.stop, seconds * 1000);
    await Promise.all(meetings);
    clearTimeout(patience);
  }
  return {
    triggers,
    events,
    lastAccepted: () => lastAccepted,
    wrong,
    stop,
    eventsSent,
    async abort() {
      aborted.abort();
      watch.stop();
      await stop();
      await Promise.all(meetings);
    },
  };
}
