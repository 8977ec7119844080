import { writeWhenFit } from "../db/when-fit.ts";
import { errorMessage } from "../core/text/error-message.ts";
import type { Lane } from "../core/lane.ts";
import type { Db, Tx } from "../db/db.ts";
import { databaseState, isContention } from "../db/fault.ts";
import type { Log } from "../log.ts";
import { BegunError, ClaimLostError, type Handler, type Job, type Member, type Stage } from "./job.ts";

/** Number of tries after a handler throws. */
const MAX_TRIES = 5;
/** After this many tries without finishing, a job is handled on its own and split in half before the next try. */
const SUSPICIOUS_TRIES = 3;
/** After this many tries without finishing, including deaths of workers, a single ref is given up. */
const LAST_TRY = 25;

/** The handler of one stage in one lane. */
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
  /** Puts jobs back, to be claimed again after a backoff. */
  fail: (stage: Stage, lane: Lane, jobs: Job[], reason: string) => Promise<void>;
  /** Puts jobs back as if they had not been handed out, to be so again after a time. */
  postpone: (stage: Stage, lane: Lane, jobs: Job[], delay_ms: number) => Promise<void>;
  isStopping: () => boolean;
}

/** How long work waits for a database that is not fit for it: twice as long each time. */
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 15_000;
/**
 * Work that a busy database did not finish so often is tried in smaller parts: a chunk may be more than its
 * administrator lets a statement do.
 */
const TOO_MUCH = 4;
/** Postponed jobs that are remembered; beyond that it is begun anew. */
const REMEMBERED = 10_000;

/**
 * Runs the handler. After a failure the bad member is isolated by halving, through the queue itself, so that a crash in
 * the middle loses nothing. A single ref is retried with backoff and then given up. Never rejects: a job that cannot
 * even be put back is claimed again when its heartbeat stops.
 *
 * A database that is away, locked, read-only or out of time is nobody's fault: its work is postponed, as long as it
 * takes, and does not count as tried. Only a failure that follows a ref from chunk to chunk is held against it.
 */
export function createAttempt(deps: FailureDeps): (work: Work, jobs: Job[]) => Promise<void> {
  const { db, log } = deps;
  /** How often each job was postponed by this process. */
  const postponed = new Map<string, number>();

  async function attempt(work: Work, jobs: Job[]): Promise<void> {
    const { stage, lane, handler } = work;
    const [job] = jobs;
    if (jobs.length > 1 && jobs.some(({ tries }) => tries >= SUSPICIOUS_TRIES)) {
      return attemptEach(work, jobs);
    }
    try {
      // Halves a job that may have killed its workers, so that a bad ref does not take the others with it.
      if (job !== undefined && job.tries >= SUSPICIOUS_TRIES) {
        if (handler.divisible && job.refs.length > 1) return await halve(work, job);
        if (job.tries >= LAST_TRY) throw new Error(`it was begun ${job.tries} times and never finished`);
      }
      await handler.handle(jobs, lane);
      for (const { id } of jobs) postponed.delete(id);
    } catch (error) {
      const state = databaseState(error instanceof BegunError ? error.cause : error);
      if (state === "busy" && !(error instanceof BegunError) && jobs.some(isTooMuch)) {
        if (jobs.length > 1) return attemptEach(work, jobs);
        if (job !== undefined && handler.divisible && job.refs.length > 1) return split(work, job);
      }
      if (state !== null) return postpone(work, jobs, error);
      if (isContention(error)) return attempt(work, jobs);
      if (jobs.length > 1) return attemptEach(work, jobs);
      if (error instanceof ClaimLostError) return log.warn({ stage, lane }, error.message);
      if (job !== undefined) await isolate(work, job, error);
    }
  }

  const isTooMuch = ({ id }: Job) => (postponed.get(id) ?? 0) >= TOO_MUCH;

  async function split(work: Work, job: Job): Promise<void> {
    postponed.delete(job.id);
    await halve(work, job).catch((error: unknown) => postpone(work, [job], error));
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
      if (tries < MAX_TRIES - 1) return await putBack(work, [job], error);
      await db.tx(async (tx) => {
        await deps.settle(tx, stage, lane, [job]);
        for (const ref of refs) await handler.giveUp(tx, ref, error);
      });
    } catch (second) {
      if (databaseState(second) === null) reportStuck(work, second);
      else await postpone(work, [job], second);
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

  /** Until it is written: a job whose heartbeat stops instead would count as begun. */
  async function postpone(work: Work, jobs: Job[], error: unknown): Promise<void> {
    const { stage, lane } = work;
    if (error instanceof BegunError) return putBack(work, jobs, error);
    const times = Math.max(...jobs.map(({ id }) => postponed.get(id) ?? 0));
    if (postponed.size > REMEMBERED) postponed.clear();
    for (const { id } of jobs) postponed.set(id, times + 1);
    const delay_ms = Math.min(FIRST_DELAY_MS * 2 ** times, LONGEST_DELAY_MS);
    log.warn(
      { stage, lane, jobs: jobs.length, times, delay_ms, err: error },
      "the database did not do it; postponed",
    );
    await writeWhenFit(() => deps.postpone(stage, lane, jobs, delay_ms), deps).catch((second: unknown) =>
      reportStuck(work, second),
    );
  }

  async function putBack(work: Work, jobs: Job[], error: unknown): Promise<void> {
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
