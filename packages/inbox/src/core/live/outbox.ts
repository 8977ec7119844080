import { type FeedApi, isJoinable } from "../wire/feed-api.ts";
import { type RequestError, toFailure } from "../failure.ts";
import type { Edit } from "../state/item.ts";
import type { Model } from "../state/model.ts";
import { backoff, createBed } from "../signals.ts";

/** Failures of the server itself after which an edit is given up, so that one does not hold up all others. */
const ATTEMPTS = 8;

export interface OutboxDeps {
  model: () => Model;
  api: FeedApi;
  /** Whether it is this tab that sends. */
  maySend: () => boolean;
  onSettled: (edits: readonly Edit[], seq: number | undefined) => void;
  onUndone: (edit: Edit) => void;
  onRefused: (edits: readonly Edit[], failure: RequestError) => void;
  /** They could not be sent now. */
  onFailed: (failure: RequestError) => void;
}

export interface Outbox {
  /** Sends what waits, one request after another in the order of the edits, and goes on until nothing does. */
  run: (signal: AbortSignal) => void;
  /** Tries again at once what waits for another attempt. */
  wake: () => void;
  /** What waits came from elsewhere, and may have reached the server. */
  adopt: () => void;
}

export function createOutbox(deps: OutboxDeps): Outbox {
  const { model, api } = deps;
  const bed = createBed();
  /** Those that may have reached the server. */
  const tried = new Set<string>();
  let running: AbortSignal | null = null;
  let failures = 0;

  const waiting = () => model().edits.filter(({ seq }) => seq === undefined);

  /** The first edit and those after it that go with it; what was undone before it was sent is never sent. */
  function next(): Edit[] {
    const edits = waiting();
    const [first] = edits;
    if (first === undefined) return [];
    const takers = edits.filter(({ undoes }) => undoes === first.id);
    if (takers.length > 0 && !tried.has(first.id)) {
      deps.onUndone(first);
      deps.onSettled(takers, undefined);
      return next();
    }
    const batch = [first];
    let joined = first;
    for (const edit of edits.slice(1)) {
      const isUndone = !tried.has(edit.id) && edits.some(({ undoes }) => undoes === edit.id);
      if (isUndone || !isJoinable(joined, edit)) break;
      batch.push(edit);
      joined = { ...joined, ids: [...joined.ids, ...edit.ids] };
    }
    return batch;
  }

  async function send(batch: Edit[], signal: AbortSignal): Promise<void> {
    for (const { id } of batch) tried.add(id);
    try {
      const seq = await api.send(batch);
      failures = 0;
      deps.onSettled(batch, seq);
    } catch (error) {
      const failure = toFailure(error);
      failures += 1;
      if (failure.isPassing && (failure.status < 500 || failures < ATTEMPTS)) {
        deps.onFailed(failure);
        await bed.rest(signal, backoff(failures, failure.wait));
        return;
      }
      failures = 0;
      deps.onRefused(batch, failure);
    }
    for (const { id } of batch) tried.delete(id);
  }

  async function loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && deps.maySend()) {
      const batch = next();
      if (batch.length === 0) return;
      await send(batch, signal);
    }
  }

  return {
    run(signal) {
      if (running !== null && !running.aborted) return;
      running = signal;
      void loop(signal).finally(() => {
        if (running === signal) running = null;
        // Something may have been added between its last look and now.
        if (!signal.aborted && deps.maySend() && waiting().length > 0) this.run(signal);
      });
    },
    wake: () => bed.wake(),
    adopt() {
      for (const { id } of waiting()) tried.add(id);
    },
  };
}
