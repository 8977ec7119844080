import { internalReason } from "../core/error-message.ts";
import type { Handler, Job, Ref } from "../queue/job.ts";
import type { Lane } from "../core/lane.ts";
import { createSlots } from "../queue/slots.ts";
import { keysOf } from "../db/bulk.ts";
import { isDatabaseUnavailable } from "../db/fault.ts";
import type { Tx } from "../db/db.ts";
import { readNows } from "../workspaces/clock.ts";
import type { StageDeps } from "./deps.ts";
import type { HttpCall, HttpReply } from "../core/http-call.ts";
import { signalReplies } from "./waits/waiters.ts";

/**
 * Call: runs that wait for the network have left their chunk. Their calls are made outside any transaction, many side
 * by side, and each reply is told to its run as soon as it is there; what is told together is one transaction. A
 * worker that dies leaves its job to another, which makes the calls again whose runs still wait: a call is made at
 * least once, and carries a key by which the other side can tell.
 */
export function createCallHandler(deps: StageDeps): Handler {
  const slots = createSlots(deps.call_concurrency);
  const mailbox = createMailbox(deps);

  async function answer({ call, ...run }: Waiting, lane: Lane): Promise<void> {
    const begun = performance.now();
    await slots.take(lane);
    let reply: HttpReply;
    try {
      // Behind slow servers it may have waited for minutes, and its run been cancelled.
      if (performance.now() - begun > STALE_MS && !(await isWanted(run))) return;
      reply = await deps.call(call);
    } finally {
      slots.free(lane);
    }
    await mailbox.post({ ...run, reply });
  }

  async function isWanted(run: Omit<Waiting, "call">): Promise<boolean> {
    return (await loadCalls(deps, [run])).some(({ wait_id }) => wait_id === run.wait_id);
  }

  return {
    batch: { 0: 1, 1: 1, 2: 1 },
    loops: { 0: 1, 1: 1, 2: 1 },
    capacity: slots.capacity,
    divisible: true,
    // A call that went out cannot be undone with its run: flushing the claim puts the run on disk before, and with it the
    // key that a repeated call has to have.
    durableClaim: true,
    async handle(jobs, lane) {
      const calls = jobs.reduce((sum, { refs }) => sum + refs.length, 0);
      slots.enter(lane, calls);
      try {
        // All of them are waited for: a job that goes back while its calls are out would make them twice.
        const answers = (await loadCalls(deps, refsOf(jobs))).map((waiting) => answer(waiting, lane));
        await Promise.allSettled(answers);
        await Promise.all(answers);
        await deps.db.tx((tx) => deps.queue.settle(tx, "call", lane, jobs), { relaxed: true });
      } finally {
        slots.leave(lane, calls);
      }
    },
    giveUp: (tx, ref, error) => answerFailed(tx, ref, error, deps),
  };
}

const WRITE_AGAIN_MS = 1000;
/** What a call was loaded for may have changed by then. */
const STALE_MS = 50;

interface Waiting extends Ref {
  wait_id: string;
  call: HttpCall;
}

const refsOf = (jobs: Job[]): Ref[] => jobs.flatMap(({ refs }) => refs);

async function loadCalls({ db }: Pick<StageDeps, "db">, refs: Ref[]): Promise<Waiting[]> {
  const { from, values } = keysOf(refs);
  return db.query<Waiting>(
    `select r.workspace_id, r.id, r.state->'wait'->>'id' as wait_id, r.state->'call' as call
       from ${from}
       join run r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.status = 'in_progress' and r.state->'call' is not null
        and not exists (select 1 from signal s where s.workspace_id = r.workspace_id and s.run_id = r.id
                           and s.wait_id = r.state->'wait'->>'id')`,
    values,
    "call_load",
  );
}

interface Answer extends Ref {
  wait_id: string;
  reply: HttpReply;
}

/** Replies are told in groups: whatever has come in while the group before was being written. */
function createMailbox(deps: StageDeps): { post: (answer: Answer) => Promise<void> } {
  let pending: { answer: Answer; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let writing = false;

  async function flush(): Promise<void> {
    writing = true;
    while (pending.length > 0) {
      const group = pending;
      pending = [];
      try {
        await deps.db.tx((tx) =>
          tell(
            tx,
            group.map(({ answer }) => answer),
            deps,
          ),
        );
        for (const { resolve } of group) resolve();
      } catch (error) {
        if (isDatabaseUnavailable(error) && !deps.queue.isStopping()) {
          // Given up, the calls would be made again.
          pending = [...group, ...pending];
          await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS));
          continue;
        }
        for (const { reject } of group) reject(error);
      }
    }
    writing = false;
  }

  return {
    post: (answer) =>
      new Promise((resolve, reject) => {
        pending.push({ answer, resolve, reject });
        if (!writing) void flush();
      }),
  };
}

async function tell(tx: Tx, answers: Answer[], { queue, clock }: StageDeps): Promise<void> {
  const workspaces = new Set(answers.map(({ workspace_id }) => workspace_id));
  const nows = await readNows(tx, workspaces, await clock(tx));
  const replies = answers.map((answer) => ({ ...answer, at: nows.get(answer.workspace_id) ?? new Date() }));
  await signalReplies(tx, replies, queue);
}

/** Its run must not wait for ever. */
async function answerFailed(tx: Tx, ref: Ref, error: unknown, deps: StageDeps): Promise<void> {
  const [row] = await tx.query<{ wait_id: string }>(
    `select state->'wait'->>'id' as wait_id from run
      where workspace_id = $1 and id = $2 and status = 'in_progress' and state->'call' is not null`,
    [ref.workspace_id, ref.id],
  );
  if (row === undefined) return;
  const reason = internalReason(error);
  await tell(tx, [{ ...ref, ...row, reply: { ok: false, code: "internal", reason, took_ms: 0 } }], deps);
}
