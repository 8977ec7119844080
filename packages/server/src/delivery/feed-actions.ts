import type { MessageAction } from "../core/channel.ts";
import type { Tx } from "../db/db.ts";
import { type ActedItem, actOnItems, type FeedAction } from "../inbox/actions.ts";
import type { Announce, FeedChange } from "../inbox/feed.ts";
import { type Feed, openBell } from "../inbox/feeds.ts";
import { idsInStore, knownIds } from "../inbox/read-feed.ts";
import { EVERYTHING, type StoreQuery } from "../inbox/store-query.ts";
import type { Queue } from "../queue/queue.ts";
import { applyToMessages, asUpdate } from "./message-actions.ts";

/**
 * What the owner of a feed does in it. The items' messages follow, as in `message-actions.ts`, in the same transaction;
 * all is announced after its commit. Each returns the seq of the feed by then.
 */
export interface FeedActions {
  /** Ids that are not in the feed are ignored. */
  act: (tx: Tx, feed: Feed, action: OwnAction) => Promise<Acted>;
  /** Reads what the store shows; without one, all of the feed, and clears the badge. */
  readAll: (tx: Tx, feed: Feed, store: StoreQuery | null) => Promise<number>;
  /** Archives what the store shows; without one, all that is not archived. */
  archiveAll: (tx: Tx, feed: Feed, store: StoreQuery | null) => Promise<number>;
  openBell: (tx: Tx, feed: Feed) => Promise<number>;
}

export interface OwnAction {
  ids: readonly string[];
  action: FeedAction;
  /** The end of a snooze. */
  until?: Date;
  /** Asked for as a list, however long. */
  is_bulk?: boolean;
}

export interface Acted {
  seq: number;
  /** Those of the ids that are in the feed. */
  known: string[];
}

export interface FeedActionDeps {
  queue: Pick<Queue, "enqueue">;
  announce: Announce;
}

/** What an action on an item is for its message; null: nothing. */
const MESSAGE_ACTIONS: Record<FeedAction, MessageAction | null> = {
  seen: "seen",
  read: "read",
  unread: "unread",
  interacted: "clicked",
  archive: "archived",
  unarchive: "unarchived",
  pin: null,
  unpin: null,
  snooze: null,
  unsnooze: null,
};

/**
 * Clients that fetch each item of which they hear would fetch ten thousand after "archive all". They show the newest;
 * those that go by `seq` get all.
 */
const MAX_ANNOUNCED = 100;

export function createFeedActions({ queue, announce }: FeedActionDeps): FeedActions {
  async function actOn(tx: Tx, feed: Feed, { ids, action, until }: OwnAction): Promise<ActedItem[]> {
    const { workspace_id, recipient_id: owner } = feed.key;
    const message_action = MESSAGE_ACTIONS[action];
    if (message_action !== null) {
      const asked = ids.map((message_id) => ({ message_id, action: message_action }));
      // Messages go before their items, and what cannot happen to one any more may still happen to its item.
      await applyToMessages(tx, workspace_id, asked, queue);
    }
    const when = until === undefined ? {} : { until };
    return actOnItems(
      tx,
      workspace_id,
      ids.map((id) => ({ id, owner, action, ...when })),
    );
  }

  function announceIn(tx: Tx, { key }: Feed, seq: number, change: FeedChange): void {
    tx.afterCommit(() => announce([{ key, seq, change }]));
  }

  function announceEach(tx: Tx, acted: readonly ActedItem[]): void {
    const newest = acted.slice(-MAX_ANNOUNCED);
    tx.afterCommit(() => announce(newest.map(asUpdate)));
  }

  return {
    async act(tx, feed, own) {
      const known = await knownIds(tx, feed, own.ids);
      const acted = await actOn(tx, feed, { ...own, ids: known });
      const changed = acted.filter(({ is_changed }) => is_changed);
      const seq = lastSeq(feed, acted);
      if (own.action === "seen" && own.is_bulk === true) {
        const n_ids = changed.map(({ id }) => id);
        if (n_ids.length > 0) announceIn(tx, feed, seq, { kind: "seen", n_ids });
      } else {
        // One alone is announced though it changed nothing: a tab that missed the change repeats it, and counts anew.
        announceEach(tx, own.is_bulk === true ? changed : acted);
      }
      return { seq, known };
    },
    async readAll(tx, feed, store) {
      const stores = store === null ? [EVERYTHING, { ...EVERYTHING, archived: true }] : [store];
      const found = [];
      for (const one of stores)
        found.push(...(await idsInStore(tx, feed, { ...one, read: one.read ?? false })));
      const acted = await actOn(tx, feed, { ids: found, action: "read" });
      const seq = lastSeq(feed, acted);
      if (store !== null) {
        announceEach(
          tx,
          acted.filter(({ is_changed }) => is_changed),
        );
        return seq;
      }
      const opened = (await openBell(tx, feed.key)) ?? seq;
      announceIn(tx, feed, opened, { kind: "all_read" });
      return opened;
    },
    async archiveAll(tx, feed, store) {
      const found = await idsInStore(tx, feed, { ...(store ?? EVERYTHING), archived: false });
      const acted = await actOn(tx, feed, { ids: found, action: "archive" });
      announceEach(
        tx,
        acted.filter(({ is_changed }) => is_changed),
      );
      return lastSeq(feed, acted);
    },
    async openBell(tx, feed) {
      const seq = await openBell(tx, feed.key);
      announceIn(tx, feed, seq ?? feed.seq, { kind: "opened" });
      return seq ?? feed.seq;
    },
  };
}

function lastSeq({ seq }: Feed, acted: readonly ActedItem[]): number {
  return acted.reduce((last, item) => Math.max(last, item.seq), seq);
}
