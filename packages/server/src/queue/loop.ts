import type { Lane } from "../core/lane.ts";
import type { Work } from "./failure.ts";
import { type Job, queueName, type Stage } from "./job.ts";
import type { Urgency } from "./urgency.ts";

const POLL_MS = 1000;

/** The loops of this process: each takes jobs of one queue and has them handled, until it is stopped. */
export interface Loops {
  /** Starts one more loop. */
  run: (work: Work) => void;
  /** Wakes the loops that wait for a queue; false if no loop of this process does. */
  wake: (queue: string) => boolean;
  wakeAll: () => void;
  /** Ids of the jobs at work, by queue. */
  active: ReadonlyMap<string, ReadonlySet<string>>;
  /** Resolves when the work in progress is done. */
  stop: () => Promise<void>;
}

export interface LoopDeps {
  urgency: Urgency;
  /** Claims jobs; an empty list if there are none, or the database is unavailable. */
  fetch: (queue: string, work: Work) => Promise<Job[]>;
  attempt: (work: Work, jobs: Job[]) => Promise<void>;
  /** One handled batch, for metrics. */
  observe: (stage: Stage, lane: Lane, seconds: number, refs: number) => void;
}

export function createLoops({ urgency, fetch, attempt, observe }: LoopDeps): Loops {
  const sleepers = new Map<string, Set<() => void>>();
  const active = new Map<string, Set<string>>();
  const loops: Promise<void>[] = [];
  const running = new Set<Promise<void>>();
  let stopping = false;

  async function loop(work: Work): Promise<void> {
    const { lane, handler } = work;
    const queue = queueName(work.stage, lane);
    const mine = active.get(queue) ?? new Set();
    active.set(queue, mine);
    while (!stopping) {
      await handler.capacity?.(lane);
      await urgency.waitForUrgentWork(lane);
      const woken = sleep(queue);
      const end = urgency.begin(lane);
      const jobs = await fetch(queue, work);
      if (jobs.length === 0) {
        end();
        await woken.wait();
        continue;
      }
      woken.cancel();
      const done = handle(work, jobs, mine).finally(end);
      if (handler.capacity === undefined) await done;
      else void done;
    }
  }

  async function handle(work: Work, jobs: Job[], mine: Set<string>): Promise<void> {
    for (const job of jobs) mine.add(job.id);
    const batch = measured(work, jobs).finally(() => {
      for (const job of jobs) mine.delete(job.id);
      running.delete(batch);
    });
    running.add(batch);
    await batch;
  }

  async function measured(work: Work, jobs: Job[]): Promise<void> {
    const started = performance.now();
    await attempt(work, jobs);
    const refs = jobs.reduce((sum, job) => sum + job.refs.length, 0);
    observe(work.stage, work.lane, (performance.now() - started) / 1000, refs);
  }

  /** Registers for the next wake-up before the queue is read, so that none is missed in between. */
  function sleep(queue: string): { wait: () => Promise<void>; cancel: () => void } {
    const waiting = sleepers.get(queue) ?? new Set();
    sleepers.set(queue, waiting);
    let timer: NodeJS.Timeout | undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    let isOver = false;
    const cancel = () => {
      isOver = true;
      clearTimeout(timer);
      waiting.delete(resume);
    };
    const resume = () => {
      cancel();
      resolve();
    };
    waiting.add(resume);
    return {
      cancel,
      wait() {
        if (stopping) resume();
        else if (!isOver) timer = setTimeout(resume, POLL_MS);
        return promise;
      },
    };
  }

  function wake(queue: string): boolean {
    const waiting = sleepers.get(queue);
    if (waiting === undefined) return false;
    for (const resume of waiting) resume();
    return true;
  }

  function wakeAll(): void {
    for (const queue of sleepers.keys()) wake(queue);
  }

  return {
    run: (work) => void loops.push(loop(work)),
    wake,
    wakeAll,
    active,
    async stop() {
      stopping = true;
      wakeAll();
      await Promise.all(loops);
      await Promise.all(running);
    },
  };
}
