import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../packages/server/test/random.ts";
import { WORKFLOWS } from "./world.ts";

/**
 * Triggers, one after the other in each client, and what became of each. Half of them carry an idempotency key and
 * are sent again until they have their 202, as a careful client does it; the others are sent once, so that a
 * connection that dies without an answer leaves a question only the database can answer.
 */
export interface Trigger {
  n: number;
  key: string | null;
  /** The ids that its 202s named. */
  accepted: Set<string>;
  /** At least one try had no answer, or the answer that the database is away. */
  in_doubt: boolean;
}

export interface Load {
  /** By their number, in the order they were begun. */
  triggers: Trigger[];
  /** Answers that no client of a crashing server should ever see. */
  wrong: string[];
  /** No new triggers; resolves when each of them is accepted or given up. */
  stop: () => Promise<void>;
}

export interface LoadOptions {
  url: string;
  apiKey: string;
  clients: number;
  random: Random;
}

const PEOPLE = 50;
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 120;
const RETRY_MS = 100;

export function startLoad({ url, apiKey, clients, random }: LoadOptions): Load {
  const triggers: Trigger[] = [];
  const wrong: string[] = [];
  let stopping = false;

  async function client(): Promise<void> {
    while (!stopping) {
      const n = triggers.length;
      const key = random.chance(0.5) ? `order-${n}` : null;
      const trigger: Trigger = { n, key, accepted: new Set(), in_doubt: false };
      triggers.push(trigger);
      const body = JSON.stringify({
        workflow: random.pick(WORKFLOWS),
        recipients: [person(random.below(PEOPLE))],
        data: { n },
        ...(key === null ? {} : { $idempotency_key: key }),
      });
      await send(trigger, body);
      await sleep(random.below(LONGEST_PAUSE_MS));
    }
  }

  async function send(trigger: Trigger, body: string): Promise<void> {
    for (;;) {
      const answer = await post(body);
      if (answer === null || answer.status === 503) trigger.in_doubt = true;
      else if (answer.status === 202) {
        trigger.accepted.add((JSON.parse(answer.text) as { message_id: string }).message_id);
      } else wrong.push(`${answer.status} ${answer.text}`);
      if (trigger.accepted.size > 0 || trigger.key === null || answer?.status === 400) return;
      await sleep(RETRY_MS);
    }
  }

  /** Null when there was no answer, or only a part of one. */
  async function post(body: string): Promise<{ status: number; text: string } | null> {
    try {
      const response = await fetch(`${url}/trigger/`, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }

  const running = Promise.all(Array.from({ length: clients }, client));
  return {
    triggers,
    wrong,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

function person(index: number): object {
  return { distinct_id: `user-${index}`, $sms: [`+1415555${1000 + index}`] };
}
