import { describe, expect } from "vitest";
import { onDatabase } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import { createDb, type Db } from "../db/db.ts";
import { actOnItems } from "../inbox/actions.ts";
import type { Announce, FeedKey } from "../inbox/feed.ts";
import { createSilentLog } from "../log.ts";
import type { FeedEvent } from "./feed-line.ts";
import { createFeedHub, type FeedHub } from "./hub.ts";

const log = createSilentLog();
const keyOf = (recipient_id: string, tenant_id = "default"): FeedKey => ({
  workspace_id: 1,
  recipient_id,
  tenant_id,
});

/** A process of the tests: its own connections and hub. */
interface Node {
  db: Db;
  hub: FeedHub;
}

const it = onDatabase.extend<{ $test: { start: (compare_ms?: number) => Promise<Node> } }>({
  start: async ({ databaseUrl }, use) => {
    const started: Node[] = [];
    await use(async (compare_ms = 60_000) => {
      const db = createDb({ url: databaseUrl, max: 4, onError: () => {} });
      const hub = createFeedHub({ db, log, compare_ms });
      await hub.start();
      started.push({ db, hub });
      return { db, hub };
    });
    for (const { db, hub } of started) {
      await hub.stop();
      await db.close();
    }
  },
});

async function follow(hub: FeedHub, key: FeedKey, after?: number) {
  const events: FeedEvent[] = [];
  const { seq, stop } = await hub.subscribe(key, (heard) => events.push(...heard), after);
  return {
    events,
    seq,
    stop,
    news: () => events.flatMap(({ change }) => (change?.kind === "new" ? [change.n_id] : [])),
  };
}

const lost: Announce = () => {};

describe("in one process", () => {
  it("tells those who watch a feed, and nobody else", async ({ start }) => {
    const { db, hub } = await start();
    const ann = await follow(hub, keyOf("ann"));
    const other = await follow(hub, keyOf("ann", "acme"));
    const ids = await seedItems(db, keyOf("ann"), [{}, {}], hub.announce);
    await until(async () => ann.events.length === 2);
    expect(ann.news()).toEqual(ids);
    ann.stop();
    await seedItems(db, keyOf("ann"), [{}], hub.announce);
    const [id] = await seedItems(db, keyOf("ann", "acme"), [{}], hub.announce);
    await until(async () => other.events.length > 0);
    expect(other.news()).toEqual([id]);
    expect(ann.events).toHaveLength(2);
    other.stop();
    expect(hub.size()).toEqual({ subscribers: 0, feeds: 0 });
  });

  it("begins after what was there, and with what was missed for who says where it was", async ({ start }) => {
    const { db, hub } = await start();
    const key = keyOf("bob");
    const [first = ""] = await seedItems(db, key, [{}], hub.announce);
    const early = await follow(hub, key);
    const [second = ""] = await seedItems(db, key, [{}], lost);
    const [third] = await seedItems(db, key, [{}], lost);
    await db.tx((tx) => actOnItems(tx, 1, [{ id: first, owner: "bob", action: "archive" }]));
    const late = await follow(hub, key);
    expect(late.events).toEqual([]);
    expect(late.seq).toBe(early.seq + 3);
    const back = await follow(hub, key, early.seq);
    expect(back.events.map(({ change }) => change)).toEqual([
      { kind: "new", n_id: second },
      { kind: "new", n_id: third },
      { kind: "update", n_id: first, action: "archive" },
    ]);
    // Who waits longest is told as well, and the others not again.
    const [fourth] = await seedItems(db, key, [{}], hub.announce);
    await until(async () => early.news().includes(fourth ?? ""));
    expect(early.news()).toEqual([second, third, fourth]);
    expect(late.news()).toEqual([fourth]);
    expect(back.news()).toEqual([second, third, fourth]);
  });

  it("finds by comparing what nobody announced", async ({ start }) => {
    const { db, hub } = await start(50);
    const feeds = await Promise.all(Array.from({ length: 20 }, (_, n) => follow(hub, keyOf(`lost-${n}`))));
    const ids = [];
    for (let n = 0; n < 20; n++) ids.push(...(await seedItems(db, keyOf(`lost-${n}`), [{}], lost)));
    await until(async () => feeds.every(({ events }) => events.length > 0));
    expect(feeds.flatMap(({ news }) => news())).toEqual(ids);
    // Nothing is found twice.
    const [again = ""] = await seedItems(db, keyOf("lost-0"), [{}], hub.announce);
    await until(async () => feeds[0]?.news().includes(again));
    expect(feeds[0]?.news()).toEqual([ids[0], again]);
  });

  it("goes on while the database was away, and misses nothing", async ({ start, newDatabaseUrl }) => {
    const db = createDb({ url: newDatabaseUrl, max: 4, onError: () => {} });
    const { db: aside } = await start();
    const hub = createFeedHub({ db, log, compare_ms: 60_000 });
    await hub.start();
    const ann = await follow(hub, keyOf("ann"));
    const name = new URL(newDatabaseUrl).pathname.slice(1);
    await aside.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
    const ids = await until(() => seedItems(db, keyOf("ann"), [{}], lost).catch(() => null));
    // The listening connection comes back, and everything is compared.
    await until(async () => ann.events.length > 0);
    expect(ann.news()).toEqual(ids);
    await hub.stop();
    await db.close();
  });
});

describe("in several processes on one database", () => {
  it("tells what another process did", async ({ start }) => {
    const api = await start();
    const worker = await start();
    const ann = await follow(api.hub, keyOf("ann-2"));
    const ids: string[] = [];
    for (let n = 0; n < 30; n++)
      ids.push(...(await seedItems(worker.db, keyOf("ann-2"), [{}, {}], worker.hub.announce)));
    await until(async () => ann.events.length >= 60);
    expect(ann.news()).toEqual(ids);
  });

  it("keeps the order of a feed that both change at once", async ({ start }) => {
    const nodes = [await start(), await start()];
    const feeds = await Promise.all(nodes.map(({ hub }) => follow(hub, keyOf("both"))));
    await Promise.all(
      nodes.map(async ({ db, hub }) => {
        for (let n = 0; n < 25; n++) await seedItems(db, keyOf("both"), [{}], hub.announce);
      }),
    );
    await until(async () => feeds.every(({ events }) => events.length >= 50));
    for (const { events } of feeds) {
      const seqs = events.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      expect(new Set(seqs).size).toBe(50);
    }
  });

  it("finds what a process did that died before it could say so", async ({ start }) => {
    const api = await start(100);
    const worker = await start();
    const ann = await follow(api.hub, keyOf("dead"));
    const ids = await seedItems(worker.db, keyOf("dead"), [{}], lost);
    await until(async () => ann.events.length > 0);
    expect(ann.news()).toEqual(ids);
  });
});
