import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import type { FeedKey } from "./feed.ts";
import { openBell, readFeed, removeItems, takeOverFeeds } from "./feeds.ts";
import { countItems, listItems, readChanges } from "./read-feed.ts";
import { EVERYTHING } from "./store-query.ts";

const keyOf = (recipient_id: string, tenant_id = "default"): FeedKey => ({
  workspace_id: 1,
  recipient_id,
  tenant_id,
});

describe("feeds of users who are merged", () => {
  it("are joined tenant by tenant in the order of time, with no two items of the same time", async ({
    db,
  }) => {
    const [from, to, elsewhere] = [keyOf("from"), keyOf("to"), keyOf("from", "acme")];
    const a = await seedItems(db, from, [{}, {}, {}]);
    const b = await seedItems(db, to, [{}, {}, {}]);
    const c = await seedItems(db, elsewhere, [{}]);
    // As of one trigger to both.
    await db.query(
      `update inbox_item set created_on = timestamptz '2026-01-01' + array_position($1, id) * interval '1 millisecond' where id = any($1)`,
      [a],
    );
    await db.query(
      `update inbox_item set created_on = timestamptz '2026-01-01' + array_position($1, id) * interval '1 millisecond' where id = any($1)`,
      [b],
    );
    const { seq } = await readFeed(db, to);
    const announced = await db.tx((tx) => takeOverFeeds(tx, 1, { from: "from", to: "to" }));
    const feed = await readFeed(db, to);
    const { items } = await listItems(db, feed, EVERYTHING, { after: null }, 10);
    expect(items.map(({ id }) => id).toSorted()).toEqual([...a, ...b].toSorted());
    expect(new Set(items.map(({ created_on }) => created_on.getTime())).size).toBe(6);
    expect(items.filter(({ id }) => a.includes(id)).map(({ id }) => id)).toEqual(a.toReversed());
    expect((await readChanges(db, feed, seq, 10))?.items.map(({ id }) => id)).toEqual(a);
    expect(announced.map(({ key, seq: at }) => [key.tenant_id, at])).toEqual([
      ["acme", (await readFeed(db, keyOf("to", "acme"))).seq],
      ["default", feed.seq],
    ]);
    expect(
      (await listItems(db, await readFeed(db, keyOf("to", "acme")), EVERYTHING, { after: null }, 10)).items,
    ).toMatchObject([{ id: c[0] }]);
    expect((await readFeed(db, from)).feed_id).toBeNull();
    // What comes next is newer than all of it.
    const [next] = await seedItems(db, to, [{}]);
    expect((await listItems(db, await readFeed(db, to), EVERYTHING, { after: null }, 1)).items).toMatchObject(
      [{ id: next }],
    );
  });
});

describe("a feed that is removed", () => {
  it("never repeats a number when it is made again", async ({ db }) => {
    const key = keyOf("again");
    await seedItems(db, key, [{}, {}]);
    // It was made a second ago.
    for (const table of ["inbox_item", "inbox_feed"]) {
      await db.query(`update ${table} set seq = seq - 1000 where recipient_id = 'again'`);
    }
    const { seq } = await readFeed(db, key);
    expect(await removeItems(db, 1, ["again"])).toHaveLength(2);
    expect(await readFeed(db, key)).toMatchObject({ feed_id: null, seq: 0 });
    await seedItems(db, key, [{}]);
    const feed = await readFeed(db, key);
    expect(feed.seq).toBeGreaterThan(seq);
    expect(await readChanges(db, feed, seq, 10)).toBeNull();
    expect((await readChanges(db, feed, 0, 10))?.items).toHaveLength(1);
  });
});

describe("the bell", () => {
  it("counts what comes after it was opened, and opening it again changes nothing", async ({ db }) => {
    const key = keyOf("bell");
    await seedItems(db, key, [{}, {}]);
    expect(await countItems(db, await readFeed(db, key), [])).toEqual({ badge: 2 });
    expect(await db.tx((tx) => openBell(tx, key))).toBe((await readFeed(db, key)).seq);
    expect(await db.tx((tx) => openBell(tx, key))).toBeNull();
    await seedItems(db, key, [{ message: { is_pinned: true } }]);
    expect(await countItems(db, await readFeed(db, key), [])).toEqual({ badge: 1 });
    expect(await db.tx((tx) => openBell(tx, keyOf("nobody")))).toBeNull();
  });
});
