import type { Db } from "../db/db.ts";
import type { FeedKey } from "../inbox/feed.ts";
import { findFeed, type Person } from "../inbox/feeds.ts";
import { ownerOf } from "../inbox/items.ts";
import type { Log } from "../log.ts";
import type { FeedHub, Hear, Subscription } from "./hub.ts";

/**
 * Watches the feed of a person, by the id that clients know. One who is not stored yet has a feed of another key than
 * later, so it is looked after such a person from time to time.
 */
export type WatchPerson = (person: Person, hear: Hear, after?: AfterOf) => Promise<Watching>;

/** From which number the feed is to be continued; undefined: from now. */
export type AfterOf = (key: FeedKey) => number | undefined;

export interface Watching {
  key: FeedKey;
  /** The feed's number when it began. */
  seq: number;
  stop: () => void;
}

export interface WatchPersonDeps {
  db: Db;
  log: Log;
  hub: Pick<FeedHub, "subscribe">;
  /** How often one who is not stored is looked for, in milliseconds. */
  look_ms?: number;
}

const LOOK_MS = 10_000;

export function createWatchPerson({ db, log, hub, look_ms = LOOK_MS }: WatchPersonDeps): WatchPerson {
  return async (person, hear, afterOf = () => undefined) => {
    const { key } = await findFeed(db, person);
    const stranger = ownerOf({ recipient_id: null, object_type: "", distinct_id: person.distinct_id });
    let current: Subscription = await hub.subscribe(key, hear, afterOf(key));
    let isStopped = false;
    let looking: NodeJS.Timeout | undefined;

    async function look(): Promise<void> {
      try {
        const found = await findFeed(db, person);
        if (found.key.recipient_id !== stranger) {
          // All that it holds came while the person was connected.
          const next = await hub.subscribe(found.key, hear, 0);
          current.stop();
          current = next;
          if (isStopped) current.stop();
          return;
        }
      } catch (error) {
        log.warn({ err: error }, "looking for the feed of a connected client failed; trying again");
      }
      lookLater();
    }

    function lookLater(): void {
      if (!isStopped) looking = setTimeout(() => void look(), look_ms);
    }

    if (key.recipient_id === stranger) lookLater();
    return {
      key,
      seq: current.seq,
      stop() {
        isStopped = true;
        clearTimeout(looking);
        current.stop();
      },
    };
  };
}
