import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import { createRandom } from "../../test/random.ts";
import type { Db } from "../db/db.ts";
import { createIdSource } from "../ids.ts";
import { actOnItems } from "./actions.ts";
import type { Announcement, FeedKey } from "./feed.ts";
import { readFeed } from "./feeds.ts";
import { insertInboxItems } from "./items.ts";
import { EVERYTHING } from "./store-query.ts";
import { listItems } from "./read-feed.ts";

const ids = createIdSource();

const keyOf = (recipient_id: string, more: Partial<FeedKey> = {}): FeedKey => ({
  workspace_id: 1,
  recipient_id,
  tenant_id: "default",
  ...more,
});

async function itemsOf(db: Db, key: FeedKey) {
  return (await listItems(db, await readFeed(db, key), EVERYTHING, { after: null }, 100)).items;
}

describe("storing items", () => {
  it("numbers the changes of a feed without a gap, and gives no two items the same time", async ({ db }) => {
    const key = keyOf("numbers");
    const announced: Announcement[] = [];
    await seedItems(
      db,
      key,
      Array.from({ length: 50 }, () => ({})),
      (changes) => announced.push(...changes),
    );
    await seedItems(db, key, [{}, {}], (changes) => announced.push(...changes));
    const items = (await itemsOf(db, key)).toReversed();
    const first = items[0]?.seq ?? 0;
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_item, index) => first + index));
    expect(new Set(items.map(({ created_on }) => created_on.getTime())).size).toBe(52);
    expect(announced).toEqual(items.map(({ id, seq }) => ({ key, seq, change: { kind: "new", n_id: id } })));
    expect((await readFeed(db, key)).seq).toBe(first + 51);
  });

  it("stores and announces an item once, however often it is stored", async ({ db }) => {
    const key = keyOf("again");
    const announced: Announcement[] = [];
    const [id = ""] = await seedItems(db, key, [{}], (changes) => announced.push(...changes));
    const [item] = await itemsOf(db, key);
    await seedItems(db, key, [{ id }], (changes) => announced.push(...changes));
    expect(announced).toHaveLength(1);
    expect(await itemsOf(db, key)).toEqual([item]);
  });

  it("keeps feeds apart by workspace, recipient and tenant", async ({ db }) => {
    const keys = [
      keyOf("apart"),
      keyOf("apart", { tenant_id: "acme" }),
      keyOf("apart", { workspace_id: 2 }),
      keyOf("other"),
    ];
    const made = [];
    for (const key of keys) made.push(...(await seedItems(db, key, [{}])));
    for (const [index, key] of keys.entries()) {
      expect((await itemsOf(db, key)).map(({ id }) => id)).toEqual([made[index]]);
    }
  });

  it("announces nothing of what was rolled back", async ({ db }) => {
    const announced: unknown[] = [];
    const item = { ...keyOf("undone"), id: ids.ulid(), category: "system", message: {} };
    const failing = db.tx(async (tx) => {
      await insertInboxItems(tx, [item], (changes) => announced.push(...changes));
      throw new Error("undone");
    });
    await expect(failing).rejects.toThrow("undone");
    expect(announced).toEqual([]);
    expect(await itemsOf(db, keyOf("undone"))).toEqual([]);
  });

  it("takes what a template says: pins, expiry, tags, a key to stack by", async ({ db }) => {
    const key = keyOf("template");
    const expiry = { format: "relative", expiry_type: "fixed", value: "2d 6h", is_expiry_visible: true };
    const message = {
      is_pinned: true,
      is_expiry_enabled: true,
      expiry,
      tags: ["a", "b"],
      collapse_key: "doc-1",
    };
    await seedItems(db, key, [
      { message },
      { message: { expiry } },
      { message: { is_expiry_enabled: true, expiry: { ...expiry, value: "2099-01-02T03:04:05Z" } } },
    ]);
    const [pinned, absolute, without] = await itemsOf(db, key);
    expect(pinned).toMatchObject({
      is_pinned: true,
      is_expiry_visible: true,
      tags: ["a", "b"],
      collapse_key: "doc-1",
      can_user_unpin: true,
    });
    expect((pinned?.expiry?.getTime() ?? 0) - (pinned?.created_on.getTime() ?? 0)).toBe(54 * 3_600_000);
    expect(absolute?.expiry).toEqual(new Date("2099-01-02T03:04:05Z"));
    expect(without).toMatchObject({ expiry: null, is_expiry_visible: false, is_pinned: false });
  });

  it("never blocks in a circle: workers that store for the same feeds, and act on them, in other orders", async ({
    db,
  }) => {
    const feeds = Array.from({ length: 12 }, (_none, index) => keyOf(`race-${index}`));
    const known: { id: string; owner: string }[] = [];
    for (const key of feeds) {
      const [id = ""] = await seedItems(db, key, [{}]);
      known.push({ id, owner: key.recipient_id });
    }
    const worker = async (seed: number) => {
      const { shuffle } = createRandom(seed);
      for (let round = 0; round < 15; round++) {
        await db.tx((tx) =>
          insertInboxItems(
            tx,
            shuffle(feeds).map((key) => ({ ...key, id: ids.ulid(), category: "system", message: {} })),
            () => {},
          ),
        );
        const action = round % 2 === 0 ? "read" : "unread";
        await db.tx((tx) =>
          actOnItems(
            tx,
            1,
            shuffle(known).map((one) => ({ ...one, action })),
          ),
        );
      }
    };
    await Promise.all([1, 2, 3, 4].map(worker));
    for (const key of feeds) {
      const items = await itemsOf(db, key);
      expect(items).toHaveLength(61);
      expect(new Set(items.map(({ created_on }) => created_on.getTime())).size).toBe(61);
      expect(new Set(items.map(({ seq }) => seq)).size).toBe(61);
    }
  });
});
