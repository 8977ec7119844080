import { createEventParser, type StreamEvent } from "../wire/event-stream.ts";
import type { Changes, FeedApi } from "../wire/feed-api.ts";
import { RequestError, toFailure } from "../failure.ts";
import type { Counts } from "../state/model.ts";
import { backoff, createBed } from "../signals.ts";
import type { Connection as State, Item } from "../types.ts";

/** The server sends something every 25 s. */
const SILENT_AFTER = 60_000;
/** A stream that says nothing by then is held up on its way. */
const HELLO_WITHIN = 10_000;
/** Streams that failed in a row without a word, after which they are not tried for a while. */
const BLOCKED_AFTER = 2;
const BLOCKED_FOR = 300_000;

export interface ConnectionDeps {
  api: FeedApi;
  /** The last change that is known; null: nothing is. */
  seq: () => number | null;
  /** Loads everything anew. */
  restart: (signal: AbortSignal) => Promise<void>;
  isLeader: () => boolean;
  mayStream: boolean;
  pollInterval: number;
  onChanges: (
    seq: number,
    items: readonly Item[],
    counts: Counts | undefined,
    fresh?: readonly string[],
  ) => void;
  /** The server cannot continue from what is known. */
  onReset: () => void;
  onState: (state: State) => void;
  onFailure: (failure: RequestError) => void;
}

export interface Connection {
  run: (signal: AbortSignal) => Promise<void>;
  /** There is more than is known: another tab said so, or the server. */
  catchUp: () => void;
  /** What is known cannot be continued. */
  restart: () => void;
  /** Something has changed outside: try now what would be tried later, and see whether the stream is alive. */
  wake: () => void;
}

/**
 * Keeps what is known in step with the server. The leader streams, resuming from the last change it knows; where
 * streams do not get through it polls. Others follow the leader, and ask the server only for what they missed.
 */
export function createConnection(deps: ConnectionDeps): Connection {
  const { api } = deps;
  const bed = createBed();
  let isBehind = false;
  let isLost = false;
  /** Streams in a row that failed without a word while other requests worked. */
  let mute = 0;
  let blockedUntil = 0;
  let failures = 0;
  let streaming: AbortController | null = null;
  let asking: Promise<void> | null = null;
  let heard = 0;

  async function askChanges(signal: AbortSignal): Promise<void> {
    let reply: Changes;
    do {
      reply = await api.changes(deps.seq(), signal);
      if (reply.reset === true) return lose();
      deps.onChanges(reply.seq, reply.results ?? [], reply.counts);
    } while (reply.has_more === true);
    isBehind = false;
    failures = 0;
  }

  function lose(): void {
    isLost = true;
    deps.onReset();
    streaming?.abort();
  }

  /** Reads until the stream ends or is cut. */
  async function stream(signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const cut = () => own.abort();
    signal.addEventListener("abort", cut);
    streaming = own;
    heard = Date.now();
    let isGreeted = false;
    const watch = setInterval(() => {
      if (Date.now() - heard > (isGreeted ? SILENT_AFTER : HELLO_WITHIN)) cut();
    }, 1_000);
    try {
      const { body } = await api.stream(deps.seq() ?? 0, own.signal);
      if (body === null) return;
      const parse = createEventParser((event) => {
        isGreeted = true;
        readEvent(event);
      });
      const decoder = new TextDecoder();
      const reader = body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard = Date.now();
        parse(decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      // How a stream ends says nothing; whether the server answers is asked next.
      if (error instanceof RequestError && !error.isPassing) throw error;
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", cut);
      streaming = null;
      cut();
      mute = isGreeted ? 0 : mute + 1;
      isBehind ||= !isGreeted;
    }
  }

  /** The id of an event is the change up to which the client has everything then. */
  function readEvent({ event, id, data }: StreamEvent): void {
    const { items = [], counts, new: fresh } = JSON.parse(data) as StreamData;
    if (event === "reset") return lose();
    if (event === "hello") {
      failures = 0;
      deps.onState("live");
    }
    deps.onChanges(Number(id), items, counts, fresh);
  }

  async function turn(signal: AbortSignal): Promise<void> {
    if (deps.seq() === null || isLost) {
      await deps.restart(signal);
      isLost = isBehind = false;
      failures = 0;
    }
    if (isBehind) await askChanges(signal);
    if (isLost) return;
    if (!deps.isLeader()) return bed.rest(signal);
    if (mute >= BLOCKED_AFTER) {
      mute = 0;
      blockedUntil = Date.now() + BLOCKED_FOR;
    }
    if (deps.mayStream && Date.now() > blockedUntil) {
      if (mute > 0) deps.onState("polling");
      await stream(signal);
      return bed.rest(signal, backoff(failures));
    }
    await askChanges(signal);
    if (isLost) return;
    deps.onState("polling");
    await bed.rest(signal, deps.pollInterval);
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          await turn(signal);
        } catch (error) {
          if (signal.aborted) return;
          const failure = toFailure(error);
          failures += 1;
          mute = 0;
          if (deps.isLeader()) deps.onState("offline");
          deps.onFailure(failure);
          await bed.rest(signal, backoff(failures, failure.wait));
        }
      }
    },
    catchUp() {
      isBehind = true;
      if (streaming === null) bed.wake();
      // Beside the stream: what both bring is the same.
      else
        asking ??= askChanges(streaming.signal)
          .catch(() => {})
          .finally(() => (asking = null));
    },
    restart() {
      isLost = true;
      bed.wake();
    },
    wake() {
      failures = 0;
      if (streaming !== null && (!deps.isLeader() || Date.now() - heard > SILENT_AFTER / 2))
        streaming.abort();
      bed.wake();
    },
  };
}

interface StreamData {
  items?: Item[];
  counts: Counts;
  new?: string[];
}
