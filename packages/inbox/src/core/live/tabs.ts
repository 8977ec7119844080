import type { Edit } from "../state/item.ts";
import type { Counts } from "../state/model.ts";
import type { Connection, InboxFailure, Item } from "../types.ts";

/**
 * The tabs of one inbox on an origin. All of them know all edits and all changes; one, the leader, has the connection
 * and sends. It is the one that holds a lock, which the browser hands on when its holder goes. Without locks or channels
 * each tab leads itself.
 */
export type TabMessage =
  /** A new tab asks what the leader knows. */
  | { type: "join" }
  | {
      type: "lead";
      seq: number;
      edits: readonly Edit[];
      state: { type: "connection"; connection: Connection };
    }
  /** The leader is there, and not frozen. */
  | { type: "alive" }
  | { type: "edited"; edits: readonly Edit[] }
  | { type: "settled"; ids: readonly string[]; seq: number | undefined }
  | { type: "dropped"; ids: readonly string[]; failure: InboxFailure | null }
  /** What changed after `after` up to `seq`; a tab that does not know `after` yet has to ask the server. */
  | {
      type: "changes";
      after: number;
      seq: number;
      items: readonly Item[];
      counts: Counts | undefined;
      fresh: readonly string[] | undefined;
    }
  | { type: "reset" }
  | { type: "connection"; connection: Connection };

export interface Tabs {
  isLeader: () => boolean;
  /** To all others. */
  post: (message: TabMessage) => void;
}

export interface TabsOptions {
  /** Of the inbox: tabs with the same one belong together. */
  name: string;
  isShared: boolean;
  signal: AbortSignal;
  onMessage: (message: TabMessage) => void;
  /** This tab leads from now on, or no longer. */
  onLeader: (isLeader: boolean) => void;
}

/** Milliseconds between two signs of life, and without one until a tab that is looked at takes over. */
const ALIVE_EVERY = 20_000;
const DEAD_AFTER = 90_000;

const isVisible = () => typeof document !== "undefined" && document.visibilityState === "visible";

export function joinTabs({ name, isShared, signal, onMessage, onLeader }: TabsOptions): Tabs {
  // Missing outside of secure contexts.
  const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
  if (!isShared || locks === undefined || typeof BroadcastChannel === "undefined") {
    queueMicrotask(() => onLeader(true));
    return { isLeader: () => true, post: () => {} };
  }

  let isLeader = false;
  let heard = Date.now();
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
    heard = Date.now();
    if (!signal.aborted) onMessage(data);
  });
  const post = (message: TabMessage) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has but one origin
    if (!signal.aborted) channel.postMessage(message);
  };

  function compete(locks: LockManager, options: LockOptions): void {
    let release = () => {};
    locks
      .request(name, options, () => {
        if (signal.aborted) return;
        isLeader = true;
        onLeader(true);
        return new Promise<void>((resolve) => {
          release = resolve;
          signal.addEventListener("abort", release);
        });
      })
      .catch(() => {
        // It was stolen by a tab that took this one for dead, or `signal` ended the wait.
        if (signal.aborted || !isLeader) return;
        isLeader = false;
        onLeader(false);
        compete(locks, { signal });
      })
      .finally(() => signal.removeEventListener("abort", release));
  }
  compete(locks, { signal });

  const timer = setInterval(() => {
    if (isLeader) post({ type: "alive" });
    else if (Date.now() - heard > DEAD_AFTER && isVisible()) {
      heard = Date.now();
      compete(locks, { steal: true });
    }
  }, ALIVE_EVERY);
  signal.addEventListener("abort", () => {
    isLeader = false;
    clearInterval(timer);
    channel.close();
  });
  return { isLeader: () => isLeader, post };
}
