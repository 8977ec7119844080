import type { Flow } from "./fairness.ts";
import { LANES, type Lane } from "../core/lane.ts";
import type { Tx } from "../db/db.ts";

/** The kind of work of a job: each stage has a handler, and a queue for each lane. */
export type Stage = "expand" | "broadcast" | "segment" | "execute" | "call" | "signal" | "listen" | "send";

export const STAGES: readonly Stage[] = [
  "expand",
  "broadcast",
  "segment",
  "execute",
  "call",
  "signal",
  "listen",
  "send",
];

/** The row that a member of a job refers to. */
export interface Ref {
  workspace_id: number;
  id: string;
}

/** A row to be queued: its lane, and its flow for fairness. */
export type Member = Ref & Flow & { lane: Lane };

export interface Job {
  id: string;
  /** How often it was claimed before: its workers died, or could not finish. */
  tries: number;
  refs: Ref[];
}

/** A job before it is queued, with its members. */
export interface PlannedJob<T = unknown> extends Omit<Job, "tries"> {
  lane: Lane;
  priority: number;
  members: T[];
}

export interface Handler {
  /** Does the work of these jobs and settles them in its own transaction. A throw splits them and tries again. */
  handle: (jobs: Job[], lane: Lane) => Promise<void>;
  /** Records, in the transaction that removes its job, that a single ref failed for good. */
  giveUp: (tx: Tx, ref: Ref, error: unknown) => Promise<void>;
  /** Jobs of a lane claimed at once; each holds up to `CHUNK` refs. Jobs claimed together are handled together. */
  batch: Record<Lane, number>;
  /** The claim records that the work began: it must be on disk before the work starts. */
  durableClaim?: boolean;
  /** Concurrent loops of a lane. */
  loops: Record<Lane, number>;
  /**
   * Resolves when there is room for more work of a lane. A handler with a capacity limits itself: its loop does not
   * wait for one batch before it takes the next.
   */
  capacity?: (lane: Lane) => Promise<void>;
  /** Whether a failed batch may be retried in halves. False where rows refer to the job itself. */
  divisible: boolean;
}

/** Thrown by `settle` for jobs that another worker holds by now. */
export class ClaimLostError extends Error {
  override name = "ClaimLostError";
}

/**
 * Thrown by a handler after its work has left the process: whatever the cause, the job counts as begun, so that the
 * worker that gets it next knows that it may have been done.
 */
export class BegunError extends Error {
  override name = "BegunError";
}

/** Maximum number of refs in a job. */
export const CHUNK = 100;

export function queueName(stage: Stage, lane: Lane): string {
  return `${stage}-${LANES[lane]}`;
}

/** A number for each lane. Campaigns take one small chunk at a time: an urgent message then waits for at most one. */
export function perLane({ campaigns, others }: { campaigns: number; others: number }): Record<Lane, number> {
  return { 0: others, 1: others, 2: campaigns };
}

/** The members of planned jobs, each with the job that its message is leased to. */
export function leasesOf<T>(jobs: readonly PlannedJob<T>[]): (T & { lease: string })[] {
  return jobs.flatMap(({ id, members }) => members.map((member) => ({ ...member, lease: id })));
}
