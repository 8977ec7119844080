import type { Db } from "../../../packages/server/src/db/db.ts";
import type { FurnishedWorkflow, Furniture } from "../../../packages/server/test/furnish.ts";
import type { Random } from "../../../packages/server/test/random.ts";
import type { Evidence } from "../evidence.ts";

/**
 * One kind of load with its promises: the workflows it needs, how it is begun, what happens to it on its way, and what
 * must hold for all of them when nothing is in progress any more.
 */
export interface Journey {
  /** The slug of the workflow that clients trigger. */
  slug: string;
  templates: Furniture["templates"];
  /** Set if it is begun by a broadcast to this list instead of a trigger, whose body it is besides number and key. */
  broadcast?: { list_id: string; members: string[]; body: object };
  /** That workflow first, then those that it causes. */
  workflows: (callUrl: string) => FurnishedWorkflow[];
  /** The recipients of the n-th trigger, and its payload besides the number. */
  begin: (n: number, random: Random) => Begin;
  /** An event of its first recipient, sent once its run is stored. Its properties contain the number. */
  event?: JourneyEvent;
  examine: (evidence: Evidence, db: Db) => Findings | Promise<Findings>;
}

export interface Findings {
  counts: Record<string, number>;
  /** Broken promises, in words; empty if all were kept. */
  problems: string[];
}

export interface Begin {
  recipients: { distinct_id: string; $sms?: string[] }[];
  data?: Record<string, unknown>;
}

export interface JourneyEvent {
  name: string;
  /** The percentage of journeys that get the event. */
  percent: number;
  /** The latest time of the event after the run was seen. */
  within_ms: number;
  /** Nothing else ends the run: if a crash of the database undid its wait, the event is sent again. */
  is_awaited: boolean;
}

const PEOPLE = 50;

/** One of a few recipients, so that their journeys overlap. */
export function somebody(random: Random): { distinct_id: string; $sms: string[] } {
  const index = random.below(PEOPLE);
  return { distinct_id: `user-${index}`, $sms: [phone(index)] };
}

export function phone(index: number): string {
  return `+1415${String(2_000_000 + index)}`;
}

/** A node in committed form; its name is its ref. */
export function node(node_type: string, ref: string, properties: object): object {
  return { node_type, name: ref, ref, properties };
}

export function inbox(ref: string, template: string): object {
  return node("send_inbox", ref, { template });
}

export function text(ref: string, template: string): object {
  return node("send_sms", ref, { template });
}

export function delay(ref: string, value: string): object {
  return node("delay", ref, { delay_type: "fixed", value });
}
