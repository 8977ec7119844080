import type { JsonObject } from "../core/json.ts";
import type { Log } from "../log.ts";
import type { FeedEvent } from "./feed-line.ts";
import type { WatchPerson, Watching } from "./person-feed.ts";
import type { Person } from "../inbox/feeds.ts";
import type { Store } from "../inbox/store-query.ts";
import type { Turns } from "./turns.ts";

/**
 * A feed as our own clients follow it, over either transport: whole items in their newest state, from a number on. What
 * is announced only says that something changed; what changed is read after the last number that was sent, so nothing
 * is left out and nothing comes twice, whatever was lost on the way. A client that takes nothing has nothing read for it.
 */
export interface LiveFeed {
  /** The client takes more. */
  resume: () => void;
  stop: () => void;
}

export interface LiveEvent {
  name: "hello" | "items" | "badge" | "reset";
  /** Where the client goes on from when it has this event. */
  seq: number;
  data: JsonObject;
}

/** False: no more, until `resume`. */
export type SendLive = (event: LiveEvent) => boolean;

export interface Changes {
  /** What changed since cannot be told: the client has to read its list again. */
  is_reset: boolean;
  /** Items as clients get them, in the order of their `seq`. */
  items: JsonObject[];
  /** Those of them that were delivered, or came back from a snooze, since then. */
  news: string[];
  /** That of the last item; of the feed, where nothing is left. */
  seq: number;
  has_more: boolean;
  counts: Record<string, number>;
}

/** `after` null: only the numbers as they are now. */
export type ReadChanges = (
  person: Person,
  after: number | null,
  stores: readonly Store[],
) => Promise<Changes>;

export interface LiveFeedDeps {
  watch: WatchPerson;
  read: ReadChanges;
  turns: Turns;
  log: Log;
}

/** Between attempts to read, while the database does not answer. */
const AGAIN_MS = 1000;

/** Resolves when the first event has been sent. Throws if the database does not answer. */
export async function openLiveFeed(
  { watch, read, turns, log }: LiveFeedDeps,
  { person, after, stores }: { person: Person; after: number | null; stores: readonly Store[] },
  send: SendLive,
): Promise<LiveFeed> {
  let cursor = 0;
  let isDue = false;
  let isBadgeDue = false;
  let isReading = true;
  let isFull = false;
  let isStopped = false;
  let again: NodeJS.Timeout | undefined;

  function hear(events: readonly FeedEvent[]): void {
    isDue = true;
    if (events.some(({ change }) => change?.kind === "opened" || change?.kind === "all_read"))
      isBadgeDue = true;
    void go();
  }

  function give(event: LiveEvent): void {
    cursor = event.seq;
    if (!send(event)) isFull = true;
  }

  async function go(): Promise<void> {
    if (isReading) return;
    isReading = true;
    clearTimeout(again);
    while (isDue && !isFull && !isStopped) {
      isDue = false;
      try {
        pass(await turns(() => read(person, cursor, stores)));
      } catch (error) {
        isDue = true;
        log.warn({ err: error }, "reading a feed for a connected client failed; trying again");
        again = setTimeout(() => void go(), AGAIN_MS);
        break;
      }
    }
    isReading = false;
  }

  function pass({ is_reset, items, news, seq, has_more, counts }: Changes): void {
    if (isStopped) return;
    if (has_more) isDue = true;
    if (is_reset) give({ name: "reset", seq, data: { seq, counts } });
    else if (items.length > 0) give({ name: "items", seq, data: { seq, items, counts, new: news } });
    else if (isBadgeDue || seq > cursor) give({ name: "badge", seq, data: { counts } });
    isBadgeDue = false;
  }

  const watching: Watching = await watch(person, hear);
  try {
    const now = await turns(() => read(person, null, stores));
    cursor = now.seq;
    const seq = after ?? now.seq;
    give({ name: "hello", seq, data: { seq, counts: now.counts } });
    isDue ||= after !== null;
    cursor = seq;
  } catch (error) {
    watching.stop();
    throw error;
  }
  isReading = false;
  void go();
  return {
    resume() {
      isFull = false;
      void go();
    },
    stop() {
      isStopped = true;
      clearTimeout(again);
      watching.stop();
    },
  };
}
