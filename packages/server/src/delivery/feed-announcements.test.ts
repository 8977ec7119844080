import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import type { Announcement, FeedKey } from "../inbox/feed.ts";
import { readFeed } from "../inbox/feeds.ts";
import { EVERYTHING } from "../inbox/store-query.ts";
import { createFeedActions } from "./feed-actions.ts";

describe("announcements", () => {
  const collect = () => {
    const announced: Announcement[] = [];
    const actions = createFeedActions({
      // No messages are there, so nothing waits for them.
      queue: { enqueue: async () => {} },
      announce: (changes) => announced.push(...changes),
    });
    return { actions, take: () => announced.splice(0) };
  };
  const keyOf = (recipient_id: string): FeedKey => ({ workspace_id: 1, recipient_id, tenant_id: "default" });

  it("of one item always, and of a list what it changed", async ({ db }) => {
    const key = keyOf("some");
    const [a = "", b = ""] = await seedItems(db, key, [{}, {}]);
    const { actions, take } = collect();
    const act = async (ids: string[], action: "seen" | "read", is_bulk = false) =>
      db.tx(async (tx) => actions.act(tx, await readFeed(tx, key), { ids, action, is_bulk }));
    const { seq } = await act([a], "read");
    expect(take()).toEqual([{ key, seq, change: { kind: "update", n_id: a, action: "read" } }]);
    // A tab that missed it reads it again, and waits for this to count anew.
    await act([a], "read");
    expect(take()).toEqual([{ key, seq, change: { kind: "update", n_id: a, action: "read" } }]);
    const seen = await act([a, b, "gone"], "seen", true);
    expect(take()).toEqual([{ key, seq: seen.seq, change: { kind: "seen", n_ids: [b] } }]);
    await act([a, b], "seen", true);
    await act(["gone"], "read");
    expect(take()).toEqual([]);
    const both = await act([a, b], "read", true);
    expect(take()).toEqual([{ key, seq: both.seq, change: { kind: "update", n_id: b, action: "read" } }]);
  });

  it("of everything that was read once, of the bell, and of the newest that were archived", async ({
    db,
  }) => {
    const key = keyOf("all");
    const ids = await seedItems(
      db,
      key,
      Array.from({ length: 150 }, () => ({})),
    );
    const { actions, take } = collect();
    const run = async (name: "readAll" | "archiveAll" | "openBell") =>
      db.tx(async (tx) => {
        const feed = await readFeed(tx, key);
        return name === "openBell" ? actions.openBell(tx, feed) : actions[name](tx, feed, null);
      });
    const opened = await run("openBell");
    expect(take()).toEqual([{ key, seq: opened, change: { kind: "opened" } }]);
    const read = await run("readAll");
    expect(take()).toEqual([{ key, seq: read, change: { kind: "all_read" } }]);
    const archived = await run("archiveAll");
    const announced = take();
    expect(announced.map(({ change }) => change)).toEqual(
      ids.slice(-100).map((n_id) => ({ kind: "update", n_id, action: "archive" })),
    );
    expect(announced.at(-1)?.seq).toBe(archived);
    expect((await readFeed(db, key)).seq).toBe(archived);
    await db.tx(async (tx) => actions.readAll(tx, await readFeed(tx, key), EVERYTHING));
    expect(take()).toEqual([]);
  });

  it("of nothing that was rolled back", async ({ db }) => {
    const key = keyOf("undone");
    const [id = ""] = await seedItems(db, key, [{}]);
    const { actions, take } = collect();
    const failing = db.tx(async (tx) => {
      await actions.act(tx, await readFeed(tx, key), { ids: [id], action: "read" });
      throw new Error("undone");
    });
    await expect(failing).rejects.toThrow("undone");
    expect(take()).toEqual([]);
  });
});
