import type { Db } from "../db/db.ts";
import type { Announce, Announcement, FeedKey } from "../inbox/feed.ts";
import type { Log } from "../log.ts";
import {
  createFeedLine,
  eventOf,
  isAfter,
  type FeedEvent,
  type FeedLine,
  type FeedReading,
} from "./feed-line.ts";
import { createNeighbours } from "./neighbours.ts";
import { readFeeds } from "./read-feeds.ts";

/**
 * Hands on what changed in feeds to those who watch them, in this process and, by `neighbours.ts`, in the others. A change
 * of a feed that nobody watches costs a look-up in a map. Announcements may get lost with the process that should have
 * made them, so the numbers of watched feeds are compared with the database's at intervals, and at once where one is
 * missing: what is lost costs seconds, never an item.
 */
export interface FeedHub {
  /** Never throws and never waits. */
  announce: Announce;
  /**
   * Calls `hear` with every change of the feed that is committed from now on, once, in the order of their numbers.
   * `after`: it has been given everything up to that number, and hears first what came since (of the newest hundred
   * items, if there are more), before this resolves. Throws if the database does not answer.
   */
  subscribe: (key: FeedKey, hear: Hear, after?: number) => Promise<Subscription>;
  /** Subscriptions and watched feeds. */
  size: () => { subscribers: number; feeds: number };
  start: () => Promise<void>;
  stop: () => Promise<void>;
}

export type Hear = (events: readonly FeedEvent[]) => void;

export interface Subscription {
  /** The feed's number when it began. */
  seq: number;
  stop: () => void;
}

export interface FeedHubDeps {
  db: Db;
  log: Log;
  /** How often all watched feeds are compared, in milliseconds. */
  compare_ms?: number;
}

interface Watched {
  key: FeedKey;
  name: string;
  /** Null until the feed's number has been read; what comes before waits. */
  line: FeedLine | null;
  waiting: FeedEvent[];
  listeners: Set<Listener>;
}

interface Listener {
  hear: Hear;
  after: number | undefined;
  /** What is not above it was there before the listener. */
  floor: number;
  /** What came while the floor was being read; null: it is known. */
  early: FeedEvent[] | null;
}

interface Opening {
  watched: Watched;
  listener: Listener;
  opened: (seq: number) => void;
  failed: (error: unknown) => void;
}

/** Feeds read by one statement: 1,000 that have not changed are compared within some 5 ms. */
const PAGE = 500;
const COMPARE_MS = 5000;
/** An announcement that another process sends later than its successor comes within so long, or not at all. */
const GAP_MS = 100;
/** Others begin to announce when they have heard that somebody is there: what they left out until then is found so soon. */
const FIRST_COMPARE_MS = 500;

export function createFeedHub({ db, log, compare_ms = COMPARE_MS }: FeedHubDeps): FeedHub {
  const feeds = new Map<string, Watched>();
  const neighbours = createNeighbours(db, log);
  let subscribers = 0;
  let openings: Opening[] = [];
  let isOpening = false;
  const gaps = new Set<Watched>();
  let gapTimer: NodeJS.Timeout | undefined;
  let comparing: NodeJS.Timeout | undefined;
  let isComparing = false;
  let isCompareDue = false;
  let isStopped = false;

  function pass(watched: Watched, events: readonly FeedEvent[]): void {
    if (events.length === 0) return;
    for (const listener of watched.listeners) give(listener, events);
  }

  function take(key: FeedKey, event: FeedEvent): void {
    const watched = feeds.get(nameOf(key));
    if (watched === undefined) return;
    const { line } = watched;
    if (line === null) {
      watched.waiting.push(event);
      return;
    }
    pass(watched, line.take(event));
    if (line.hasGap()) mindGap(watched);
  }

  function mindGap(watched: Watched): void {
    gaps.add(watched);
    // Of a feed that was empty, the first change has none before it that could be on its way.
    if (watched.line?.seq === 0) closeGaps();
    else gapTimer ??= setTimeout(closeGaps, GAP_MS);
  }

  function closeGaps(): void {
    clearTimeout(gapTimer);
    gapTimer = undefined;
    const open = [...gaps].filter((feed) => feeds.get(feed.name) === feed && feed.line?.hasGap() === true);
    gaps.clear();
    void compare(open);
  }

  /** Reads the feeds, a page after another, and passes on what their lines missed. */
  async function compare(all: readonly Watched[]): Promise<void> {
    for (let from = 0; from < all.length && !isStopped; from += PAGE) {
      const asked = all
        .slice(from, from + PAGE)
        .flatMap((watched) => (watched.line === null ? [] : [{ watched, after: watched.line.seq }]));
      try {
        const readings = await readFeeds(
          db,
          asked.map(({ watched: { key }, after }) => ({ key, after })),
        );
        for (const [index, { watched, after }] of asked.entries()) {
          const reading = readings[index];
          if (reading !== undefined) pass(watched, watched.line?.settle(reading, after) ?? []);
        }
      } catch (error) {
        log.warn({ err: error }, "comparing feeds failed; trying again");
        return;
      }
    }
  }

  async function compareAll(): Promise<void> {
    clearTimeout(comparing);
    comparing = undefined;
    if (isComparing) {
      isCompareDue = true;
      return;
    }
    isComparing = true;
    do {
      isCompareDue = false;
      await compare([...feeds.values()]);
    } while (isCompareDue);
    isComparing = false;
    if (!isStopped && feeds.size > 0) comparing = setTimeout(() => void compareAll(), compare_ms);
  }

  /** Those who come at once share a statement: after a restart all clients come back together. */
  async function open(): Promise<void> {
    isOpening = true;
    while (openings.length > 0) {
      const page = openings.slice(0, PAGE);
      openings = openings.slice(PAGE);
      try {
        const readings = await readFeeds(
          db,
          page.map(({ watched: { key }, listener: { after } }) => ({ key, after })),
        );
        for (const [index, opening] of page.entries()) {
          const reading = readings[index] ?? { seq: 0, changed: [] };
          begin(opening, reading);
          opening.opened(reading.seq);
        }
      } catch (error) {
        for (const { failed } of page) failed(error);
      }
    }
    isOpening = false;
  }

  function begin({ watched, listener }: Opening, reading: FeedReading): void {
    const { after, early } = listener;
    listener.early = null;
    listener.floor = reading.seq;
    if (after !== undefined && reading.changed.length > 0) listener.hear(missedIn(reading, after));
    if (early !== null) give(listener, early);
    if (watched.line !== null) return;
    watched.line = createFeedLine(reading.seq);
    for (const event of watched.waiting.splice(0)) take(watched.key, event);
  }

  function watch(key: FeedKey): Watched {
    const name = nameOf(key);
    const known = feeds.get(name);
    if (known !== undefined) return known;
    const made: Watched = { key, name, line: null, waiting: [], listeners: new Set() };
    feeds.set(name, made);
    return made;
  }

  function leave(watched: Watched, listener: Listener): void {
    if (!watched.listeners.delete(listener)) return;
    subscribers--;
    if (watched.listeners.size === 0 && feeds.get(watched.name) === watched) feeds.delete(watched.name);
    if (subscribers === 0) neighbours.setListening(false);
  }

  function announce(changes: readonly Announcement[]): void {
    if (feeds.size > 0) for (const { key, seq, change } of changes) take(key, { seq, change });
    neighbours.send(changes);
  }

  return {
    announce,
    async subscribe(key, hear, after) {
      const watched = watch(key);
      const listener: Listener = { hear, after, floor: 0, early: [] };
      watched.listeners.add(listener);
      subscribers++;
      neighbours.setListening(true);
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      openings.push({ watched, listener, opened: resolve, failed: reject });
      if (!isOpening) void open();
      if (!isComparing)
        comparing ??= setTimeout(() => void compareAll(), Math.min(compare_ms, FIRST_COMPARE_MS));
      try {
        return { seq: await promise, stop: () => leave(watched, listener) };
      } catch (error) {
        leave(watched, listener);
        throw error;
      }
    },
    size: () => ({ subscribers, feeds: feeds.size }),
    start: () =>
      neighbours.start({
        changes(changes) {
          if (feeds.size > 0) for (const { key, event } of changes) take(key, event);
        },
        lost: () => void compareAll(),
      }),
    async stop() {
      isStopped = true;
      clearTimeout(comparing);
      clearTimeout(gapTimer);
      await neighbours.stop();
    },
  };
}

function give(listener: Listener, events: readonly FeedEvent[]): void {
  if (listener.early !== null) {
    listener.early.push(...events);
    return;
  }
  const own = events.filter((event) => isAfter(event, listener.floor));
  if (own.length > 0) listener.hear(own);
}

function missedIn({ changed }: FeedReading, after: number): FeedEvent[] {
  return changed.map((item) => eventOf(item, after)).toSorted((a, b) => a.seq - b.seq);
}

/** Neither ids of recipients nor of tenants can make two feeds share a name: the length says where the first ends. */
export function nameOf({ workspace_id, recipient_id, tenant_id }: FeedKey): string {
  return `${workspace_id} ${recipient_id.length} ${recipient_id} ${tenant_id}`;
}
