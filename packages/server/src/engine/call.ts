import { writeWhenFit } from "../db/when-fit.ts";
import { internalReason } from "../core/text/error-message.ts";
import type { Handler, Job, Ref } from "../queue/job.ts";
import { type Admission, createSlots } from "../queue/slots.ts";
import { keysOf } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import { readNows } from "../workspaces/clock.ts";
import type { StageDeps } from "./deps.ts";
import type { HttpCall, HttpReply } from "../core/http-call.ts";
import { signalReplies } from "./waits/waiters.ts";

/**
 * Call: runs that wait for the network have left their chunk. Their calls are made outside any transaction, many in
 * parallel, and each reply is recorded for its run as soon as it arrives; replies that arrive together share one
 * transaction. When a worker dies, another takes its job and repeats the calls whose runs still wait: a call is made at
 * least once, and carries a key by which the server can recognise a repeat.
 */
export function createCallHandler(deps: StageDeps): Handler {
  const slots = createSlots(deps.call_concurrency);
  const mailbox = createMailbox(deps);

  async function answer({ call, ...run }: Waiting, admitted: Admission): Promise<void> {
    const begun = performance.now();
    const giveBack = await admitted.take();
    let reply: HttpReply;
    try {
      // With slow servers ahead of it, a call may have waited for minutes and its run been cancelled.
      if (performance.now() - begun > STALE_MS && !(await isWanted(run))) return;
      reply = await deps.call(call);
    } finally {
      giveBack?.();
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
    // A call that was sent cannot be undone with its run: flushing the claim puts the run on disk first, and with it
    // the key that a repeated call must carry.
    durableClaim: true,
    async handle(jobs, lane) {
      const calls = jobs.reduce((sum, { refs }) => sum + refs.length, 0);
      const admitted = slots.enter(lane, calls);
      try {
        // Waits for all of them: a job returned to the queue with calls still in flight would make those calls twice.
        const answers = (await loadCalls(deps, refsOf(jobs))).map((waiting) => answer(waiting, admitted));
        await Promise.allSettled(answers);
        await Promise.all(answers);
        await deps.db.tx((tx) => deps.queue.settle(tx, "call", lane, jobs), { relaxed: true });
      } finally {
        admitted.leave();
      }
    },
    giveUp: (tx, ref, error) => answerFailed(tx, ref, error, deps),
  };
}

/** After this long the run a call was loaded for may have changed. */
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

/** Writes replies in groups: those that arrived while the previous group was being written. */
function createMailbox(deps: StageDeps): { post: (answer: Answer) => Promise<void> } {
  let pending: { answer: Answer; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let writing = false;

  async function flush(): Promise<void> {
    writing = true;
    while (pending.length > 0) {
      const group = pending;
      pending = [];
      try {
        const answers = group.map(({ answer }) => answer);
        await writeWhenFit(() => deps.db.tx((tx) => signalAnswers(tx, answers, deps)), deps.queue);
        for (const { resolve } of group) resolve();
      } catch (error) {
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

async function signalAnswers(tx: Tx, answers: Answer[], { queue, clock }: StageDeps): Promise<void> {
  const workspaces = new Set(answers.map(({ workspace_id }) => workspace_id));
  const nows = await readNows(tx, workspaces, await clock(tx));
  const replies = answers.map((answer) => ({ ...answer, at: nows.get(answer.workspace_id) ?? new Date() }));
  await signalReplies(tx, replies, queue);
}

/** Signals the failure as a reply, so that the run does not wait for ever. */
async function answerFailed(tx: Tx, ref: Ref, error: unknown, deps: StageDeps): Promise<void> {
  const [row] = await tx.query<{ wait_id: string }>(
    `select state->'wait'->>'id' as wait_id from run
      where workspace_id = $1 and id = $2 and status = 'in_progress' and state->'call' is not null`,
    [ref.workspace_id, ref.id],
  );
  if (row === undefined) return;
  const reason = internalReason(error);
  await signalAnswers(
    tx,
    [{ ...ref, ...row, reply: { ok: false, code: "internal", reason, took_ms: 0 } }],
    deps,
  );
}
