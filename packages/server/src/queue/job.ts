import type { Flow } from "./fairness.ts";
import { LANES, type Lane } from "../core/lane.ts";
import type { Tx } from "../db/db.ts";

/** What the work of a job is: each stage has a handler, and a queue for each lane. */
export type Stage = "expand" | "execute" | "call" | "signal" | "send";

export const STAGES: readonly Stage[] = ["expand", "execute", "call", "signal", "send"];

/** The row that a member of a job is about. */
export interface Ref {
  workspace_id: number;
  id: string;
}

/** A row to be queued: its lane, and the flow that it is fair to. */
export type Member = Ref & Flow & { lane: Lane };

export interface Job {
  id: string;
  /** How often it was handed out before: its workers died, or could not finish. */
  tries: number;
  refs: Ref[];
}

/** A job before it is queued, with the members that it is made of. */
export interface PlannedJob<T = unknown> extends Omit<Job, "tries"> {
  lane: Lane;
  priority: number;
  members: T[];
}

export interface Handler {
  /** Does the work of these jobs and settles them in its own transaction. A throw splits them and tries again. */
  handle: (jobs: Job[], lane: Lane) => Promise<void>;
  /** Records, in the transaction that takes its job away, that a single ref failed for good. */
  giveUp: (tx: Tx, ref: Ref, error: unknown) => Promise<void>;
  /** Jobs of a lane taken at once; each holds up to `CHUNK` refs. What is taken together is handled together. */
  batch: Record<Lane, number>;
  /** Handing a job out is itself the record that its work began: it must be on disk before the work does. */
  durableClaim?: boolean;
  /** Loops of a lane side by side. */
  loops: Record<Lane, number>;
  /**
   * Resolves when there is room for more work of a lane. A handler that has it bounds itself: its loop does not wait
   * for one batch before it takes the next.
   */
  capacity?: (lane: Lane) => Promise<void>;
  /** A failed batch may be tried again in halves. False where the job itself is what its rows refer to. */
  divisible: boolean;
}

/** Thrown by `settle` for jobs that another worker has by now. */
export class ClaimLostError extends Error {
  override name = "ClaimLostError";
}

/**
 * Thrown by a handler after its work has left the process: whatever the cause, the job counts as begun, so that whoever
 * gets it next knows that it may have been done.
 */
export class BegunError extends Error {
  override name = "BegunError";
}

/** Refs of a job at most. */
export const CHUNK = 100;

export function queueName(stage: Stage, lane: Lane): string {
  return `${stage}-${LANES[lane]}`;
}

/** A number for each lane. Campaigns take one small chunk at a time: an urgent message then waits for one at most. */
export function perLane({ campaigns, others }: { campaigns: number; others: number }): Record<Lane, number> {
  return { 0: others, 1: others, 2: campaigns };
}
