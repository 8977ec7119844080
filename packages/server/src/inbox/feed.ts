/**
 * A feed: the inbox of one recipient in one tenant. Every change of an item gives it the feed's next `seq`, so the items
 * with a `seq` above S, in that order, are all that changed since S, each once and in its newest state.
 */
export interface FeedKey {
  workspace_id: number;
  /** The id of the recipient's row, or `<object_type>/<distinct_id>` for people who are not stored. */
  recipient_id: string;
  tenant_id: string;
}

/** What happens to one item. */
export type FeedChange =
  /** It was delivered, or came back from a snooze. */
  | { kind: "new"; n_id: string }
  | { kind: "update"; n_id: string; action: string }
  /** All items of the feed were read. */
  | { kind: "all_read" }
  | { kind: "seen"; n_ids: string[] }
  /** The bell was opened: the badge is 0. */
  | { kind: "opened" };

export interface Announcement {
  key: FeedKey;
  /** The feed's seq by the change. */
  seq: number;
  change: FeedChange;
}

/**
 * Hands on what changed in feeds to those who watch them. Called after the commit that made the changes, with the
 * changes of a feed in the order of their `seq`; never throws, and is not waited for.
 */
export type Announce = (changes: readonly Announcement[]) => void;
