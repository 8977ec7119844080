import type { Db } from "../db/db.ts";
import type { FeedKey } from "../inbox/feed.ts";
import { findFeed, type Person } from "../inbox/feeds.ts";
import { ownerOf } from "../inbox/items.ts";
import type { Log } from "../log.ts";
import type { FeedHub, Hear, Subscription } from "./hub.ts";
import type { Turns } from "./turns.ts";

/**
 * Watches the feed of a person, by the id that clients know. One who is not stored yet, because the app's first trigger is
 * still to come, will have a feed of another key then: such people are looked for, all in one statement.
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
  turns: Turns;
}

interface Stranger {
  person: Person;
  /** Watches the feed of the recipient's row instead, from its beginning. */
  moveTo: (recipient_id: string) => Promise<void>;
}

/** So many people are looked for at once, and in a second. */
const PAGE = 500;
const LOOK_MS = 1000;

export function createWatchPerson({ db, log, hub, turns }: WatchPersonDeps): WatchPerson {
  /** In the order in which they are looked for. */
  const strangers = new Set<Stranger>();
  let looking: NodeJS.Timeout | undefined;

  function lookLater(): void {
    looking ??= setTimeout(() => void look(), LOOK_MS);
  }

  async function look(): Promise<void> {
    looking = undefined;
    const page = [...strangers].slice(0, PAGE);
    if (page.length === 0) return;
    // Those that are not found come again after all others.
    for (const stranger of page) strangers.delete(stranger);
    for (const stranger of page) strangers.add(stranger);
    try {
      const rows = await db.query<{ n: number; id: string }>(
        `select w.n::int, r.id
           from unnest($1::int[], $2::text[]) with ordinality w(workspace_id, distinct_id, n)
           join recipient r on r.workspace_id = w.workspace_id and r.object_type = '' and r.distinct_id = w.distinct_id`,
        [page.map(({ person }) => person.workspace_id), page.map(({ person }) => person.distinct_id)],
        "strangers_find",
      );
      await Promise.all(rows.map(async ({ n, id }) => page[n - 1]?.moveTo(id)));
    } catch (error) {
      log.warn({ err: error }, "looking for the feeds of connected clients failed; trying again");
    }
    if (strangers.size > 0) lookLater();
  }

  return async (person, hear, afterOf = () => undefined) => {
    const { key } = await turns(() => findFeed(db, person));
    let current: Subscription = await hub.subscribe(key, hear, afterOf(key));
    const { seq } = current;
    let isStopped = false;
    const stranger: Stranger = {
      person,
      async moveTo(recipient_id) {
        // All that it holds came while the person was connected.
        const next = await hub.subscribe({ ...key, recipient_id }, hear, 0);
        strangers.delete(stranger);
        current.stop();
        current = next;
        if (isStopped) current.stop();
      },
    };
    if (key.recipient_id === ownerOf({ ...person, recipient_id: null, object_type: "" })) {
      strangers.add(stranger);
      lookLater();
    }
    return {
      key,
      seq,
      stop() {
        isStopped = true;
        strangers.delete(stranger);
        current.stop();
      },
    };
  };
}
