import type { EngineDeps } from "../deps.ts";
import { readNows } from "../../workspaces/clock.ts";
import { keysOf } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { EditOutcome, Recipients, StoredRecipient } from "../../recipients/recipients.ts";
import type { Queue } from "../../queue/queue.ts";
import { PROFILE_CHANGED } from "../node.ts";
import type { Run } from "../run.ts";
import { type ReceivedEvent, signalWaiters } from "./waiters.ts";

/** Signals the runs that watch these profiles, so that they check them again. Nobody watches those that are new. */
export async function signalProfiles(
  tx: Tx,
  workspace_id: number,
  outcomes: readonly EditOutcome[],
  at: Date,
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  const changed = outcomes.flatMap((outcome) =>
    isWatchable(outcome) && outcome.recipient !== null ? [outcome.recipient.id] : [],
  );
  await signalChanged(tx, workspace_id, changed, at, queue);
}

function isWatchable(outcome: EditOutcome): outcome is EditOutcome & { ok: true } {
  return outcome.ok && outcome.changed && !outcome.created;
}

async function signalChanged(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
  at: Date,
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  const received = [...new Set(ids)].map((key): ReceivedEvent => {
    return { workspace_id, topic: PROFILE_CHANGED, key, at, received_at: null, request_id: null };
  });
  await signalWaiters(tx, received, queue);
}

/**
 * The recipients module as given to everything outside the engine: an edit also signals, in the same transaction, the
 * runs that watch the profile, so that no endpoint can forget to. The engine sends its own signals and uses the plain
 * module.
 */
export function recipientsWithSignals(
  recipients: Recipients,
  { queue, clock }: Pick<EngineDeps, "queue" | "clock">,
): Recipients {
  async function nowOf(tx: Tx, workspace_id: number): Promise<Date> {
    const now = (await readNows(tx, [workspace_id], await clock(tx))).get(workspace_id);
    if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
    return now;
  }
  return {
    ...recipients,
    async takeOver(tx, workspace_id, takeover) {
      const refusal = await recipients.takeOver(tx, workspace_id, takeover);
      await signalChanged(tx, workspace_id, [takeover.to], await nowOf(tx, workspace_id), queue);
      return refusal;
    },
    async apply(tx, workspace_id, edits, tenant_ids) {
      const outcomes = await recipients.apply(tx, workspace_id, edits, tenant_ids);
      if (!outcomes.some(isWatchable)) return outcomes;
      await signalProfiles(tx, workspace_id, outcomes, await nowOf(tx, workspace_id), queue);
      return outcomes;
    },
  };
}

/**
 * A profile may change after it was read for a walk and before the run that watches it has a waiter. Runs that begin to
 * watch check for such a change, and are signalled if there was one; a share lock keeps the profile unchanged until
 * they commit. Returns the runs whose profile is being written right now: waiting for its lock here, with runs locked,
 * could deadlock, so a job of the listen stage waits for it.
 */
export async function signalMissedChanges(
  tx: Tx,
  runs: Run[],
  people: ReadonlyMap<string, StoredRecipient>,
  queue: Pick<Queue, "enqueue">,
): Promise<Run[]> {
  const watched = runs.flatMap((run) =>
    (run.left.began?.topics ?? []).flatMap(({ name, key }) =>
      name === PROFILE_CHANGED ? [{ run, key, workspace_id: run.workspace_id }] : [],
    ),
  );
  if (watched.length === 0) return [];
  // Skips changes of this transaction, which it has already signalled.
  const { from, values } = keysOf(watched.map(({ workspace_id, key: id }) => ({ workspace_id, id })));
  const rows = await tx.query<{ id: string; updated_at: Date; is_own: boolean }>(
    `select r.id, r.updated_at, r.updated_at = now() as is_own
       from (select distinct * from ${from}) k
       join recipient r on r.workspace_id = k.workspace_id and r.id = k.id
        for share of r skip locked`,
    values,
    "watched_profiles",
  );
  const seen = new Map(rows.map((row) => [row.id, row]));
  const changed = watched.filter(({ key }) => {
    const row = seen.get(key);
    if (row === undefined || row.is_own) return false;
    return people.get(key)?.updated_at.getTime() !== row.updated_at.getTime();
  });
  await signalWaiters(
    tx,
    changed.map(({ run, key, workspace_id }): ReceivedEvent => {
      return { workspace_id, topic: PROFILE_CHANGED, key, at: run.now, received_at: null, request_id: null };
    }),
    queue,
  );
  return watched.filter(({ key }) => !seen.has(key)).map(({ run }) => run);
}
