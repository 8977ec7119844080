import { expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import type { Db } from "../db/db.ts";
import { EVERY_WORKSPACE } from "../workspaces/clock.ts";
import { actOnItems } from "./actions.ts";
import type { Announcement, FeedKey } from "./feed.ts";
import { readFeed } from "./feeds.ts";
import { findItem, listItems, readChanges } from "./read-feed.ts";
import { archiveExpired, forgetItems } from "./retention.ts";
import { returnSnoozed } from "./snooze.ts";
import { EVERYTHING } from "./store-query.ts";

const keyOf = (recipient_id: string): FeedKey => ({ workspace_id: 1, recipient_id, tenant_id: "default" });

const age = (db: Db, ids: readonly string[], days: number) =>
  db.query("update inbox_item set created_on = created_on - $2 * interval '1 day' where id = any($1)", [
    ids,
    days,
  ]);

const shown = async (db: Db, key: FeedKey) =>
  (await listItems(db, await readFeed(db, key), EVERYTHING, { after: null }, 100)).items.map(({ id }) => id);

it("forgets items after their days, and sends clients back to the start that would have missed it", async ({
  db,
}) => {
  const [ann, bob] = [keyOf("ann"), keyOf("bob")];
  const old = await seedItems(db, ann, [{}, {}]);
  const { seq: before } = await readFeed(db, ann);
  const [young = ""] = await seedItems(db, ann, [{}]);
  const [kept = ""] = await seedItems(db, bob, [{}]);
  await age(db, old, 31);
  await age(db, [kept], 29);
  expect(await forgetItems(db, 30)).toBe(2);
  expect(await shown(db, ann)).toEqual([young]);
  expect(await shown(db, bob)).toEqual([kept]);
  const feed = await readFeed(db, ann);
  expect(await readChanges(db, feed, before - 1, 10)).toBeNull();
  expect((await readChanges(db, feed, before, 10))?.items).toHaveLength(1);
  expect(await readChanges(db, await readFeed(db, bob), 1, 10)).toBeNull();
  expect(await forgetItems(db, 30)).toBe(0);
});

it("forgets by pages, and in two processes at once each item once", async ({ db }) => {
  const feeds = Array.from({ length: 30 }, (_none, index) => keyOf(`many-${index}`));
  for (const key of feeds)
    await seedItems(
      db,
      key,
      Array.from({ length: 80 }, () => ({})),
    );
  await db.query(
    "update inbox_item set created_on = created_on - interval '900 days' where recipient_id like 'many-%'",
  );
  const counts = await Promise.all([forgetItems(db, 800), forgetItems(db, 800)]);
  await forgetItems(db, 800);
  expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBeGreaterThan(1000);
  expect(await db.query("select from inbox_item where recipient_id like 'many-%'")).toEqual([]);
});

it("archives what has expired without a change that clients would hear of", async ({ db }) => {
  const key = keyOf("expiring");
  const expiry = (value: string) => ({ message: { is_expiry_enabled: true, expiry: { value } } });
  const [past = "", future = ""] = await seedItems(db, key, [
    expiry("2020-01-01T00:00:00Z"),
    expiry("2090-01-01T00:00:00Z"),
  ]);
  const { seq } = await readFeed(db, key);
  expect(await archiveExpired(db)).toBe(1);
  const feed = await readFeed(db, key);
  expect(feed.seq).toBe(seq);
  expect(await findItem(db, feed, past)).toMatchObject({ is_archived: true });
  expect(await findItem(db, feed, future)).toMatchObject({ is_archived: false });
});

it("returns what was snoozed as new: unread, at the top, announced, and once by two wakers", async ({
  db,
}) => {
  const key = keyOf("snoozing");
  const [first = "", second = ""] = await seedItems(db, key, [{}, {}]);
  const act = (id: string, action: "read" | "snooze", until?: Date) =>
    db.tx((tx) =>
      actOnItems(tx, 1, [{ id, owner: key.recipient_id, action, ...(until === undefined ? {} : { until }) }]),
    );
  await act(first, "read");
  await act(first, "snooze", new Date(Date.now() + 3_600_000));
  expect(await shown(db, key)).toEqual([second]);
  const announced: Announcement[] = [];
  const wake = (base: Date | null) =>
    db.tx((tx) =>
      returnSnoozed(
        tx,
        { announce: (changes) => announced.push(...changes), base, limit: 10 },
        EVERY_WORKSPACE,
      ),
    );
  expect(await wake(null)).toBe(0);
  const later = new Date(Date.now() + 7_200_000);
  await Promise.all([wake(later), wake(later)]);
  expect(await shown(db, key)).toEqual([first, second]);
  const feed = await readFeed(db, key);
  expect(announced).toEqual([{ key, seq: feed.seq, change: { kind: "new", n_id: first } }]);
  expect(await findItem(db, feed, first)).toMatchObject({
    read_at: null,
    seen_at: null,
    snoozed_until: null,
    new_seq: feed.seq,
  });
});
