import type { Db } from "../db/db.ts";
import { findFeed } from "../inbox/feeds.ts";
import { presentItem } from "../inbox/present-item.ts";
import { countItems, readChanges as readItems } from "../inbox/read-feed.ts";
import type { ReadChanges } from "./live-feed.ts";

/** Items in one event. */
const PAGE = 100;

/** What our own clients are told: as the endpoint that they ask for changes, and which of the items are new. */
export function createReadChanges(db: Db): ReadChanges {
  return async (person, after, stores) => {
    const feed = await findFeed(db, person);
    const [changes, counts] = await Promise.all([
      after === null ? null : readItems(db, feed, after, PAGE),
      countItems(db, feed, stores),
    ]);
    if (after === null || changes === null) {
      return { is_reset: after !== null, items: [], news: [], seq: feed.seq, has_more: false, counts };
    }
    const { items, seq, has_more } = changes;
    const news = items.filter(({ new_seq }) => new_seq > after).map(({ id }) => id);
    return { is_reset: false, items: items.map(presentItem), news, seq, has_more, counts };
  };
}
