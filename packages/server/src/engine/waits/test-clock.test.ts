import { afterAll, describe, expect } from "vitest";
import { onDatabase as it } from "../../../test/fixture.ts";
import { createTestWaker, startTestCatalog } from "../../../test/waker.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Db } from "../../db/db.ts";
import { createSilentLog } from "../../log.ts";
import { databaseClock, freezeClock, readClock, sendClock } from "../../workspaces/clock.ts";
import { createQueue, type Queue } from "../../queue/queue.ts";
import { stepClocks } from "./test-clock.ts";

let queue: Queue;
let catalog: Catalog;
let stopCatalog: () => Promise<void>;

it.beforeAll(async ({ db, databaseUrl }) => {
  queue = createQueue({ db, url: databaseUrl, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: false });
  ({ catalog, stop: stopCatalog } = await startTestCatalog(db));
  await db.query(
    `insert into workspace (workspace_id, uid, slug, name, mode, inbox_secret) overriding system value
     values (1, 'one', 'one', 'One', 'sandbox', '')`,
  );
});
afterAll(async () => {
  await stopCatalog();
  await queue.stop();
});

const NOON = new Date("2030-03-01T12:00:00Z");
const ONE = new Date("2030-03-01T13:00:00Z");
const TOMORROW = new Date("2030-03-02T12:00:00Z");

const clock = async (db: Db): Promise<Date> => (await readClock(db, 1, null)).now;
const step = (db: Db, own: Pick<Queue, "isBusy"> = queue) =>
  db.tx((tx) => stepClocks(tx, { queue: { ...queue, ...own }, clock: databaseClock }));

describe("a moving clock", () => {
  it("does not pass over a run that another node queues while the clock looks for it", async ({ db }) => {
    await freezeClock(db, 1, NOON, null);
    await db.query(
      `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                        idempotency_key, position, wake_at, steps)
       values (1, 'r1', gen_random_uuid(), 'w', 'v', 1, 'ann', 'default', '', '0', $1, '[]')`,
      [ONE],
    );
    await sendClock(db, 1, TOMORROW, null);
    expect(await step(db)).toBe(true);
    expect(await clock(db)).toEqual(ONE);

    const other = createTestWaker({ db, catalog }, queue);
    await step(db, {
      async isBusy(...where) {
        const busy = await queue.isBusy(...where);
        // The worst moment: the queues were checked, and the run was not there yet.
        await other.tick();
        return busy;
      },
    });
    expect(await clock(db)).toEqual(ONE);

    await other.tick();
    await step(db);
    expect(await clock(db)).toEqual(ONE);
    await db.query("delete from pgboss.job");
    await step(db);
    expect(await clock(db)).toEqual(TOMORROW);
  });
});
