import { type Catalog, createCatalog } from "../src/catalog/catalog.ts";
import type { Db } from "../src/db/db.ts";
import { createWaker, type Waker } from "../src/engine/waits/waker.ts";
import { createIdSource } from "../src/ids.ts";
import { createSilentLog } from "../src/log.ts";
import { createPreferences } from "../src/preferences/preferences.ts";
import type { Queue } from "../src/queue/queue.ts";
import { type Clock, databaseClock } from "../src/workspaces/clock.ts";

/** A waker besides those of running workers, ticked by hand. */
export function createTestWaker(
  { db, catalog }: { db: Db; catalog: Catalog },
  queue: Queue,
  clock: Clock = databaseClock,
): Waker {
  const preferences = createPreferences({ db, catalog });
  return createWaker({
    db,
    queue,
    clock,
    catalog,
    preferences,
    announce: () => {},
    log: createSilentLog(),
  });
}

/** The catalog of a database without servers or workflows, kept fresh until it is stopped. */
export async function startTestCatalog(db: Db): Promise<{ catalog: Catalog; stop: () => Promise<void> }> {
  const compile = () => {
    throw new Error("no workflow was expected");
  };
  const catalog = createCatalog({ db, ids: createIdSource(), compile });
  const { stop } = await catalog.start();
  return { catalog, stop };
}
