import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FeedChange } from "../inbox/feed.ts";
import { createFeedLine, type FeedEvent, type FeedReading } from "./feed-line.ts";

const newItem = (seq: number, n_id = `n${seq}`): FeedEvent => ({ seq, change: { kind: "new", n_id } });
const update = (seq: number, n_id: string, action = "read"): FeedEvent => ({
  seq,
  change: { kind: "update", n_id, action },
});
const seqs = (events: FeedEvent[]) => events.map(({ seq }) => seq);

describe("a feed's line", () => {
  it("passes on at once what follows, and nothing twice", () => {
    const line = createFeedLine(7);
    expect(line.take(newItem(8))).toEqual([newItem(8)]);
    expect(line.take(newItem(8))).toEqual([]);
    expect(line.take(newItem(7))).toEqual([]);
    expect(line.hasGap()).toBe(false);
  });

  it("puts what comes in another order into the order of the feed", () => {
    const line = createFeedLine(0);
    expect(line.take(newItem(3))).toEqual([]);
    expect(line.take(newItem(2))).toEqual([]);
    expect(line.hasGap()).toBe(true);
    expect(seqs(line.take(newItem(1)))).toEqual([1, 2, 3]);
    expect(line.hasGap()).toBe(false);
  });

  it("counts each of several seen items", () => {
    const line = createFeedLine(3);
    const seen: FeedEvent = { seq: 6, change: { kind: "seen", n_ids: ["n1", "n2", "n3"] } };
    expect(line.take(seen)).toEqual([seen]);
    expect(line.seq).toBe(6);
  });

  it("passes on that all were read, which may take no number, each time", () => {
    const line = createFeedLine(3);
    const readAll: FeedEvent = { seq: 3, change: { kind: "all_read" } };
    expect(line.take(readAll)).toEqual([readAll]);
    expect(line.take(readAll)).toEqual([readAll]);
    expect(line.take({ ...readAll, seq: 2 })).toEqual([]);
  });

  it("finds what nobody announced in what was read, and does not repeat it", () => {
    const line = createFeedLine(4);
    const reading: FeedReading = {
      seq: 7,
      changed: [
        { n_id: "n5", seq: 6, new_seq: 5, is_archived: false },
        { n_id: "n1", seq: 7, new_seq: 1, is_archived: true },
      ],
    };
    expect(line.settle(reading, 4)).toEqual([newItem(5, "n5"), update(7, "n1", "archive")]);
    expect(line.take(newItem(5, "n5"))).toEqual([]);
    expect(line.settle(reading, 7)).toEqual([]);
  });

  it("does not tell twice of an item that was passed on while its feed was being read", () => {
    const line = createFeedLine(4);
    line.take(newItem(5));
    const item = { n_id: "n5", seq: 6, new_seq: 5, is_archived: false };
    expect(line.settle({ seq: 6, changed: [item] }, 4)).toEqual([update(6, "n5", "update")]);
  });

  it("tells of all that were read by one event, not by one for each", () => {
    const line = createFeedLine(4);
    const readAll: FeedEvent = { seq: 7, change: { kind: "all_read" } };
    expect(line.take(readAll)).toEqual([]);
    const changed = [5, 6, 7].map((seq) => ({
      n_id: `n${seq - 4}`,
      seq,
      new_seq: seq - 4,
      is_archived: false,
    }));
    expect(line.settle({ seq: 7, changed }, 4)).toEqual([readAll]);
  });

  it("begins again with a feed that was erased", () => {
    const line = createFeedLine(40);
    expect(line.settle({ seq: 0, changed: [] }, 40)).toEqual([]);
    expect(line.take(newItem(1))).toEqual([newItem(1)]);
  });

  it("keeps a bounded number of what came too early", () => {
    const line = createFeedLine(0);
    for (let seq = 2; seq < 2000; seq++) line.take(newItem(seq));
    const changed = [1998, 1999].map((seq) => ({ n_id: `n${seq}`, seq, new_seq: seq, is_archived: false }));
    const passed = line.settle({ seq: 1999, changed }, 0);
    expect(passed.length).toBeLessThan(300);
    expect(seqs(passed)).toEqual(expect.arrayContaining([1998, 1999]));
    expect(line.hasGap()).toBe(false);
  });
});

/** A feed as the database has it, changed at random. */
function createFeed(start: number) {
  const items = new Map<
    string,
    { n_id: string; seq: number; new_seq: number; is_archived: boolean; is_read: boolean }
  >();
  let seq = start;
  const touch = (n_id: string) => {
    const item = items.get(n_id);
    if (item !== undefined) item.seq = ++seq;
  };
  return {
    items,
    change(kind: string, pick: number): FeedEvent {
      const all = [...items.values()];
      const one = all[pick % Math.max(1, all.length)];
      if (kind === "opened") return { seq: ++seq, change: { kind } };
      if (kind === "new" || one === undefined) {
        const n_id = `n${seq + 1}`;
        items.set(n_id, { n_id, seq: ++seq, new_seq: seq, is_archived: false, is_read: false });
        return { seq, change: { kind: "new", n_id } };
      }
      if (kind === "all_read") {
        for (const item of all.filter(({ is_read }) => !is_read)) {
          item.is_read = true;
          touch(item.n_id);
        }
        return { seq, change: { kind: "all_read" } };
      }
      const n_ids = all.slice(0, 1 + (pick % 3)).map(({ n_id }) => n_id);
      if (kind === "seen") {
        n_ids.forEach(touch);
        return { seq, change: { kind: "seen", n_ids } };
      }
      touch(one.n_id);
      return { seq, change: { kind: "update", n_id: one.n_id, action: "read" } };
    },
    read: (after: number): FeedReading => ({
      seq,
      changed: all(items)
        .filter((item) => item.seq > after)
        .map(({ n_id, new_seq, is_archived, ...item }) => ({ n_id, seq: item.seq, new_seq, is_archived })),
    }),
  };
}

const all = <T>(items: Map<string, T>): T[] => [...items.values()];

function concerns(change: FeedChange | null, n_id: string): boolean {
  if (change === null || change.kind === "opened") return false;
  if (change.kind === "all_read") return true;
  return change.kind === "seen" ? change.n_ids.includes(n_id) : change.n_id === n_id;
}

describe("whatever is lost, late or in another order", () => {
  const step = fc.record({
    kind: fc.constantFrom("new", "new", "update", "seen", "all_read", "opened"),
    pick: fc.nat(20),
    /** What becomes of its announcement: lost, at once, or after so many others. */
    fate: fc.constantFrom("lost", "now", "now", "late", "unnamed"),
    /** The feed is compared after it: read before or after the next change. */
    compare: fc.constantFrom("no", "no", "now", "stale"),
  });

  it("tells of each new item once, of every item's last change, in order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, start) => {
        const feed = createFeed(start);
        const line = createFeedLine(start);
        const passed: FeedEvent[] = [];
        const lastTold = new Map<string, number>();
        let clock = 0;
        const lastChanged = new Map<string, number>();
        const tell = (events: FeedEvent[]) => {
          for (const event of events) {
            passed.push(event);
            for (const n_id of feed.items.keys()) if (concerns(event.change, n_id)) lastTold.set(n_id, clock);
          }
        };
        let late: FeedEvent[] = [];
        let stale: { reading: FeedReading; after: number } | null = null;
        for (const { kind, pick, fate, compare } of steps) {
          clock++;
          const before = new Map(all(feed.items).map(({ n_id, seq }) => [n_id, seq]));
          const event = feed.change(kind, pick);
          for (const { n_id, seq } of feed.items.values()) {
            if (before.get(n_id) !== seq) lastChanged.set(n_id, clock);
          }
          if (stale !== null) tell(line.settle(stale.reading, stale.after));
          stale = null;
          if (fate === "now") tell(line.take(event));
          if (fate === "unnamed") tell(line.take({ ...event, change: null }));
          if (fate === "late") late = [event, ...late];
          else if (late.length > 2) {
            for (const one of late) tell(line.take(one));
            late = [];
          }
          if (compare === "now") tell(line.settle(feed.read(line.seq), line.seq));
          if (compare === "stale") stale = { reading: feed.read(line.seq), after: line.seq };
        }
        clock++;
        for (const one of late) tell(line.take(one));
        tell(line.settle(feed.read(line.seq), line.seq));

        expect(seqs(passed)).toEqual(seqs(passed).toSorted((a, b) => a - b));
        const news = passed.flatMap(({ change }) => (change?.kind === "new" ? [change.n_id] : []));
        expect(news.toSorted()).toEqual([...feed.items.keys()].toSorted());
        for (const [n_id, at] of lastChanged) expect(lastTold.get(n_id)).toBeGreaterThanOrEqual(at);
        expect(line.hasGap()).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
