import fc from "fast-check";
import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import type { Db } from "../db/db.ts";
import { createFeedActions } from "../delivery/feed-actions.ts";
import { createIdSource } from "../ids.ts";
import { EVERY_WORKSPACE } from "../workspaces/clock.ts";
import { FEED_ACTIONS, type FeedAction } from "./actions.ts";
import type { FeedKey } from "./feed.ts";
import { readFeed } from "./feeds.ts";
import { presentItem } from "./present-item.ts";
import { countItems, type InboxItem, listItems, readChanges } from "./read-feed.ts";
import { returnSnoozed } from "./snooze.ts";
import type { StoreQuery } from "./store-query.ts";

/**
 * Random actions on a feed against a second, simple model of one: an array, and the predicate of stores as clients apply
 * it to what they hold. A client that only ever asks what has changed must hold the same in the end.
 */
const ids = createIdSource();
const { act, readAll, archiveAll, openBell } = createFeedActions({
  // No messages are there, so nothing waits for them.
  queue: { enqueue: async () => {} },
  announce: () => {},
});

const TAGS = ["a", "b", "c"];
const CATEGORIES = ["system", "transactional", "promotional"];
/** What is snoozed in a run returns when its clock is beyond this. */
const RETURN_AT = new Date("2040-01-01T00:00:00Z");

interface Modelled {
  id: string;
  /** Place in time. */
  at: number;
  pinned: boolean;
  seen: boolean;
  read: boolean;
  interacted: boolean;
  archived: boolean;
  snoozed: boolean;
  expired: boolean;
  tags: string[];
  category: string;
}

interface Model {
  items: Modelled[];
  clock: number;
  opened_at: number;
}

function apply(item: Modelled, action: FeedAction): void {
  const reads = action === "read" || action === "interacted";
  if (reads && !item.read) item.pinned = false;
  if (reads || action === "seen") item.seen = true;
  if (reads) item.read = true;
  if (action === "interacted") item.interacted = true;
  if (action === "unread") item.read = false;
  if (action === "archive") {
    if (!item.archived) item.pinned = false;
    item.archived = true;
    item.snoozed = false;
  }
  if (action === "unarchive") {
    item.archived = false;
    item.snoozed = false;
  }
  if (action === "pin") item.pinned = true;
  if (action === "unpin") item.pinned = false;
  if (action === "snooze") {
    item.archived = false;
    item.snoozed = true;
  }
  if (action === "unsnooze") item.snoozed = false;
}

/** As clients have it: what is snoozed is archived for them, and what is expired is gone. */
function isIn(item: Modelled, { read, archived, tags, categories }: StoreQuery): boolean {
  return (
    !item.expired &&
    (item.archived || item.snoozed) === archived &&
    (read === null || item.read === read) &&
    (tags === null || tags.some((tag) => item.tags.includes(tag))) &&
    (categories === null || categories.includes(item.category))
  );
}

const inStore = ({ items }: Model, query: StoreQuery): Modelled[] =>
  items
    .filter((item) => isIn(item, query))
    .toSorted((a, b) => Number(b.pinned) - Number(a.pinned) || b.at - a.at);

const arrival = fc.record({
  pinned: fc.boolean(),
  expired: fc.nat(9).map((n) => n === 0),
  tags: fc.subarray(TAGS),
  category: fc.constantFrom(...CATEGORIES),
});

const store = fc.record<StoreQuery>({
  read: fc.constantFrom(null, true, false),
  archived: fc.boolean(),
  tags: fc.option(fc.subarray(TAGS, { minLength: 1 })),
  categories: fc.option(fc.subarray(CATEGORIES, { minLength: 1 })),
});

const move = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("arrive" as const),
      items: fc.array(arrival, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("act" as const),
      action: fc.constantFrom(...FEED_ACTIONS),
      which: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ kind: fc.constant("read all" as const), store: fc.option(store) }),
  fc.record({ kind: fc.constant("archive all" as const), store: fc.option(store) }),
  fc.record({ kind: fc.constant("open" as const) }),
  fc.record({ kind: fc.constant("return" as const) }),
);

type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

async function play(db: Db, key: FeedKey, model: Model, step: Move): Promise<void> {
  switch (step.kind) {
    case "arrive": {
      const made = step.items.map((item) => ({ id: ids.ulid(), ...item }));
      await seedItems(
        db,
        key,
        made.map(({ id, category, tags, pinned, expired }) => {
          const expiry = { value: expired ? "2020-01-01T00:00:00Z" : "2090-01-01T00:00:00Z" };
          return { id, category, message: { tags, is_pinned: pinned, is_expiry_enabled: true, expiry } };
        }),
      );
      const fresh = { seen: false, read: false, interacted: false, archived: false, snoozed: false };
      model.items.push(...made.map((item) => ({ ...item, ...fresh, at: ++model.clock })));
      return;
    }
    case "act": {
      const count = model.items.length;
      if (count === 0) return;
      const chosen = [...new Set(step.which.map((index) => index % count))].flatMap(
        (index) => model.items[index] ?? [],
      );
      for (const item of chosen) apply(item, step.action);
      const until = step.action === "snooze" ? { until: new Date("2039-01-01T00:00:00Z") } : {};
      const named = [...chosen.map(({ id }) => id), "not-there"];
      const feed = await readFeed(db, key);
      const { known } = await db.tx((tx) => act(tx, feed, { ids: named, action: step.action, ...until }));
      expect(known.toSorted()).toEqual(chosen.map(({ id }) => id).toSorted());
      return;
    }
    case "read all": {
      const feed = await readFeed(db, key);
      for (const item of model.items) {
        if (step.store === null ? !item.expired : isIn(item, step.store)) apply(item, "read");
      }
      if (step.store === null) model.opened_at = model.clock;
      await db.tx((tx) => readAll(tx, feed, step.store));
      return;
    }
    case "archive all": {
      const feed = await readFeed(db, key);
      const everything = { read: null, tags: null, categories: null };
      for (const item of model.items) {
        if (isIn(item, { ...(step.store ?? everything), archived: false })) apply(item, "archive");
      }
      await db.tx((tx) => archiveAll(tx, feed, step.store));
      return;
    }
    case "open": {
      const feed = await readFeed(db, key);
      await db.tx((tx) => openBell(tx, feed));
      model.opened_at = model.clock;
      return;
    }
    case "return": {
      const back = model.items.filter(({ snoozed }) => snoozed);
      await db.tx((tx) =>
        returnSnoozed(
          tx,
          { announce: () => {}, base: RETURN_AT, limit: 1000 },
          { ...EVERY_WORKSPACE, only: key.workspace_id },
        ),
      );
      // Those of one snooze return in the order of their ids.
      for (const item of back.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
        Object.assign(item, { snoozed: false, seen: false, read: false, at: ++model.clock });
      }
    }
  }
}

/** What a client holds of an item. */
const shown = ({
  id,
  is_pinned,
  seen_at,
  read_at,
  interacted_at,
  is_archived,
  snoozed_until,
}: InboxItem) => ({
  id,
  pinned: is_pinned,
  seen: seen_at !== null,
  read: read_at !== null,
  interacted: interacted_at !== null,
  archived: is_archived,
  snoozed: snoozed_until !== null,
});

const modelled = ({ id, pinned, seen, read, interacted, archived, snoozed }: Modelled) => ({
  id,
  pinned,
  seen,
  read,
  interacted,
  archived,
  snoozed,
});

async function pages(db: Db, key: FeedKey, query: StoreQuery, size: number): Promise<InboxItem[]> {
  const feed = await readFeed(db, key);
  const items: InboxItem[] = [];
  for (;;) {
    const last = items.at(-1);
    const after = last === undefined ? null : { is_pinned: last.is_pinned, created_on: last.created_on };
    const page = await listItems(db, feed, query, { after }, size);
    items.push(...page.items);
    expect(page.has_more).toBe(items.length < page.total_count);
    if (!page.has_more) return items;
  }
}

describe("a feed", () => {
  it("shows and counts in every store what a simple model of it does, and tells of every change once", async ({
    db,
  }) => {
    let feeds = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 5, maxLength: 40 }),
        fc.array(store, { minLength: 5, maxLength: 5 }),
        async (moves, stores) => {
          const key = { workspace_id: ++feeds, recipient_id: "ann", tenant_id: "default" };
          const model: Model = { items: [], clock: 0, opened_at: 0 };
          const replica = new Map<string, InboxItem>();
          let seq = 0;
          for (const [index, step] of moves.entries()) {
            await play(db, key, model, step);
            if (index % 3 !== 0 && index !== moves.length - 1) continue;
            for (;;) {
              const changes = await readChanges(db, await readFeed(db, key), seq, 3);
              if (changes === null) throw new Error("the feed has forgotten nothing");
              for (const item of changes.items) replica.set(item.id, item);
              const { seq: reached, has_more } = changes;
              expect(new Set(changes.items.map(({ id }) => id)).size).toBe(changes.items.length);
              expect(changes.items.every((item) => item.seq > seq)).toBe(true);
              seq = reached;
              if (!has_more) break;
            }
          }
          const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
          expect([...replica.values()].map(shown).toSorted(byId)).toEqual(
            model.items.map(modelled).toSorted(byId),
          );
          const feed = await readFeed(db, key);
          expect(seq).toBe(feed.seq);
          const named = stores.map((query, index) => ({ store_id: `s${index}`, query }));
          const counts = await countItems(db, feed, named);
          const live = inStore(model, { read: null, archived: false, tags: null, categories: null });
          expect(counts.badge).toBe(live.filter(({ at }) => at > model.opened_at).length);
          for (const { store_id, query } of named) {
            const expected = inStore(model, query);
            expect(counts[store_id]).toBe(expected.filter(({ read }) => !read).length);
            const items = await pages(db, key, query, 3);
            expect(items.map(shown)).toEqual(expected.map(modelled));
            expect(items.map((item) => presentItem(item).archived)).toEqual(
              expected.map(() => query.archived),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
