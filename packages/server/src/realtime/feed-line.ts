import type { FeedChange } from "../inbox/feed.ts";

/**
 * What one process knows of one feed: which changes it has passed on, and which it has heard of too early. Announcements
 * come from several processes, each after its commit, so they come in any order, and one whose process died never comes.
 * A line passes every change on once, in the order of their `seq`; what does not come is read from the database.
 * Pure: it neither waits nor reads.
 */
export interface FeedLine {
  /** All changes up to this one have been passed on, or were there before. */
  readonly seq: number;
  /** Returns what can be passed on now. */
  take: (event: FeedEvent) => FeedEvent[];
  /** True while a change is missing that comes before one that has been heard of. */
  hasGap: () => boolean;
  /** Closes all gaps up to what was read; returns what had not been passed on. `after` is the `seq` it was asked with. */
  settle: (reading: FeedReading, after: number) => FeedEvent[];
}

export interface FeedEvent {
  /** The feed's seq by the change. */
  seq: number;
  /** Null: something changed; its announcement was too long to be sent. */
  change: FeedChange | null;
}

/** What the database holds of a feed. */
export interface FeedReading {
  /** The last number given; 0: the feed has no items. */
  seq: number;
  /** Items changed since the `seq` that it was asked with; the newest, where there are very many. */
  changed: ChangedItem[];
}

export interface ChangedItem {
  n_id: string;
  seq: number;
  /** The feed's seq when it was delivered, or last came back from a snooze. */
  new_seq: number;
  is_archived: boolean;
}

/** Announcements kept while one before them is missing. More of them are read from the database instead. */
const MAX_EARLY = 256;

export function createFeedLine(start: number): FeedLine {
  let seq = start;
  let early: FeedEvent[] = [];
  let hasDropped = false;

  /** Passes on what follows without a gap. */
  function drain(): FeedEvent[] {
    const out: FeedEvent[] = [];
    while (early.length > 0) {
      const [first] = early;
      if (first === undefined || !followsOn(first, seq)) break;
      early.shift();
      if (!isAfter(first, seq)) continue;
      seq = first.seq;
      out.push(first);
    }
    return out;
  }

  return {
    get seq() {
      return seq;
    },
    take(event) {
      if (event.seq < seq) return [];
      if (early.length >= MAX_EARLY) hasDropped = true;
      else insert(early, event);
      return drain();
    },
    hasGap: () => hasDropped || early.length > 0,
    settle(reading, after) {
      if (reading.seq < after) {
        // The feed was erased, and its numbers begin again.
        seq = reading.seq;
        early = [];
        return [];
      }
      hasDropped = false;
      const known = early.filter((event) => event.seq > seq && event.seq <= reading.seq);
      early = early.filter((event) => event.seq > reading.seq);
      const out = reading.seq > seq ? explain(reading, known, seq) : [];
      seq = Math.max(seq, reading.seq);
      return [...out, ...drain()];
    },
  };
}

/** The changes after `from`: as they were announced where they were, otherwise as the items show them. */
function explain({ changed }: FeedReading, known: readonly FeedEvent[], from: number): FeedEvent[] {
  const described = known.filter(({ change }) => change !== null);
  const readAll = Math.max(0, ...described.map(({ seq, change }) => (change?.kind === "all_read" ? seq : 0)));
  const news = new Set(described.flatMap(({ change }) => (change?.kind === "new" ? [change.n_id] : [])));
  const updated = new Set(described.flatMap(({ change }) => namesIn(change)));
  const missed = changed
    .filter(({ seq }) => seq > from)
    .filter(({ n_id, seq, new_seq }) =>
      new_seq > from ? !news.has(n_id) : seq > readAll && !updated.has(n_id),
    );
  return [...described, ...missed.map((item) => eventOf(item, from))].toSorted((a, b) => a.seq - b.seq);
}

function namesIn(change: FeedChange | null): string[] {
  switch (change?.kind) {
    case "new":
    case "update":
      return [change.n_id];
    case "seen":
      return change.n_ids;
    default:
      return [];
  }
}

/** What became, since the feed's seq was `from`, of an item whose changes nobody announced. */
export function eventOf({ n_id, seq, new_seq, is_archived }: ChangedItem, from: number): FeedEvent {
  // Clients fetch it in its newest state.
  if (new_seq > from) return { seq: new_seq, change: { kind: "new", n_id } };
  return { seq, change: { kind: "update", n_id, action: is_archived ? "archive" : "update" } };
}

/** Whether nothing can be missing between `seq` and the event. */
function followsOn({ seq: at, change }: FeedEvent, seq: number): boolean {
  if (at <= seq) return true;
  // How many items were read is not said: one before them may be missing.
  if (change === null || !isNumbered(change)) return false;
  return at - (change.kind === "seen" ? change.n_ids.length : 1) <= seq;
}

/** Whether the event may be news to who knows all changes up to `seq`. */
export function isAfter(event: FeedEvent, seq: number): boolean {
  return event.seq > seq || (event.seq === seq && !isNumbered(event.change));
}

/** Reading all takes no number where nothing was unread; then it has that of a change before it. */
function isNumbered(change: FeedChange | null): boolean {
  return change?.kind !== "all_read";
}

function insert(events: FeedEvent[], event: FeedEvent): void {
  const at = events.findLastIndex(({ seq }) => seq <= event.seq);
  const before = events[at];
  if (before?.seq === event.seq && isNumbered(before.change) && isNumbered(event.change)) return;
  events.splice(at + 1, 0, event);
}
