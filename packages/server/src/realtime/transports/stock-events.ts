import type { FeedChange } from "../../inbox/feed.ts";

/**
 * What the official clients are told, in the two vocabularies of their versions (client-protocols.md §9.2 and §9.4): the
 * names of events, and objects. None knows the other's names.
 */
export type Vocabulary = "current" | "legacy";

export type StockEvent = [name: string, data: Record<string, unknown>];

/** Null: they have no word for it. */
export function stockEventOf(change: FeedChange, vocabulary: Vocabulary): StockEvent | null {
  return vocabulary === "current" ? currentEventOf(change) : legacyEventOf(change);
}

function currentEventOf(change: FeedChange): StockEvent {
  switch (change.kind) {
    case "new":
      return ["new_notification", { n_id: change.n_id }];
    case "update":
      return ["notification_update", { n_id: change.n_id, action: change.action }];
    case "seen":
      return ["bulk_notification_update", { action: "seen", notification_ids: change.n_ids }];
    case "all_read":
      return ["bulk_notification_update", { action: "read", notification_ids: "all" }];
    case "opened":
      return ["reset_badge", {}];
  }
}

/** What takes an item out of all tabs but those of archived ones: older clients look at `type` for it. */
const PUT_AWAY = new Set(["archive", "snooze"]);

function legacyEventOf(change: FeedChange): StockEvent | null {
  switch (change.kind) {
    case "new":
      return ["new_notification", { n_id: change.n_id }];
    case "update":
      return [
        "notification_updated",
        { n_id: change.n_id, ...(PUT_AWAY.has(change.action) && { type: "archive" }) },
      ];
    case "seen":
      // Of an item that was merely seen they show nothing else than before.
      return null;
    case "all_read":
      return ["mark_all_read", {}];
    case "opened":
      return ["update_badge", {}];
  }
}
