import { errorMessage } from "../core/error-message.ts";
import type { Lane } from "../core/lane.ts";
import type { Db, Tx } from "../db/db.ts";
import { isContention, isDatabaseUnavailable } from "../db/fault.ts";
import type { Log } from "../log.ts";
import { ClaimLostError, type Handler, type Job, type Member, type Stage } from "./job.ts";

/** A handler that throws is given this many tries. */
const MAX_TRIES = 5;
/** A job that was begun and not finished so often is handled alone, and halved, before it is tried again. */
const SUSPICIOUS_TRIES = 3;
/** A single ref that was begun and not finished so often, deaths of workers included, is given up. */
const LAST_TRY = 25;

/** The handler of one stage at work in one lane. */
export interface Work {
  stage: Stage;
  lane: Lane;
  handler: Handler;
}

export interface FailureDeps {
  db: Db;
  log: Log;
  enqueue: (tx: Tx, stage: Stage, members: Member[]) => Promise<void>;
  settle: (tx: Tx, stage: Stage, lane: Lane, jobs: Job[]) => Promise<void>;
  /** Puts jobs back, to be handed out again after a backoff. */
  fail: (stage: Stage, lane: Lane, jobs: Job[], reason: string) => Promise<void>;
}

/**
 * Runs the handler. After a failure the bad member is isolated by halves, through the queue itself, so that a crash
 * in the middle of that loses nothing. A single ref is retried with backoff and then given up. Never rejects: what
 * cannot even be put back is handed out again when its heartbeat stops.
 */
export function createAttempt(deps: FailureDeps): (work: Work, jobs: Job[]) => Promise<void> {
  const { db, log } = deps;

  async function attempt(work: Work, jobs: Job[]): Promise<void> {
    const { stage, lane, handler } = work;
    const [job] = jobs;
    if (jobs.length > 1 && jobs.some(({ tries }) => tries >= SUSPICIOUS_TRIES)) {
      return attemptEach(work, jobs);
    }
    try {
      // What may have killed its workers is not given the chance to take others along.
      if (job !== undefined && job.tries >= SUSPICIOUS_TRIES) {
        if (handler.divisible && job.refs.length > 1) return await halve(work, job);
        if (job.tries >= LAST_TRY) throw new Error(`it was begun ${job.tries} times and never finished`);
      }
      await handler.handle(jobs, lane);
    } catch (error) {
      if (isDatabaseUnavailable(error)) return postpone(work, jobs, error);
      if (isContention(error)) return attempt(work, jobs);
      if (jobs.length > 1) return attemptEach(work, jobs);
      if (error instanceof ClaimLostError) return log.warn({ stage, lane }, error.message);
      if (job !== undefined) await isolate(work, job, error);
    }
  }

  async function attemptEach(work: Work, jobs: Job[]): Promise<void> {
    for (const job of jobs) await attempt(work, [job]);
  }

  async function isolate(work: Work, job: Job, error: unknown): Promise<void> {
    const { stage, lane, handler } = work;
    try {
      if (handler.divisible && job.refs.length > 1) return await halve(work, job);
      const { tries, refs } = job;
      log.error({ stage, lane, ref: refs[0]?.id, refs: refs.length, tries, err: error }, "work failed");
      if (tries < MAX_TRIES - 1) return await postpone(work, [job], error);
      await db.tx(async (tx) => {
        await deps.settle(tx, stage, lane, [job]);
        for (const ref of refs) await handler.giveUp(tx, ref, error);
      });
    } catch (second) {
      reportStuck(work, second);
    }
  }

  async function halve({ stage, lane }: Work, job: Job): Promise<void> {
    const middle = Math.ceil(job.refs.length / 2);
    await db.tx(async (tx) => {
      await deps.settle(tx, stage, lane, [job]);
      const members = job.refs.map((ref) => ({ ...ref, lane }));
      await deps.enqueue(tx, stage, members.slice(0, middle));
      await deps.enqueue(tx, stage, members.slice(middle));
    });
  }

  async function postpone(work: Work, jobs: Job[], error: unknown): Promise<void> {
    const reason = errorMessage(error);
    await deps
      .fail(work.stage, work.lane, jobs, reason)
      .catch((second: unknown) => reportStuck(work, second));
  }

  function reportStuck({ stage, lane }: Work, error: unknown): void {
    log.error({ stage, lane, err: error }, "could not put failed work back; its heartbeat will");
  }

  return attempt;
}
