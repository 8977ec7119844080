import { type Clock, databaseClock } from "../src/workspaces/clock.ts";
import { createCatalog } from "../src/catalog/catalog.ts";
import type { Db } from "../src/db/db.ts";
import type { Queue } from "../src/queue/queue.ts";
import { createCompile } from "../src/engine/engine.ts";
import { createWaker, type Waker } from "../src/engine/waits/waker.ts";
import { createIdSource } from "../src/ids.ts";
import { createSilentLog } from "../src/log.ts";
import { createPreferences } from "../src/preferences/preferences.ts";

/** A waker besides those of running workers, ticked by hand. */
export function createTestWaker(db: Db, queue: Queue, clock: Clock = databaseClock): Waker {
  const catalog = createCatalog({ db, ids: createIdSource(), compile: createCompile(new Map()) });
  const preferences = createPreferences({ db, catalog });
  return createWaker({ db, queue, clock, catalog, preferences, log: createSilentLog() });
}
