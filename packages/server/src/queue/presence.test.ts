import { expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { createDb } from "../db/db.ts";
import { createSilentLog } from "../log.ts";
import { createQueue } from "./queue.ts";

it("a node whose session the database ended announces itself again, and still stops", async ({
  databaseUrl: url,
}) => {
  const observer = createDb({ url, max: 1, onError: () => {} });
  const holders = () =>
    observer.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted
          and database = (select oid from pg_database where datname = current_database())`,
    );
  const db = createDb({ url, max: 4, onError: () => {} });
  const queue = createQueue({ db, url, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: true });
  for (let times = 0; times < 3; times++) {
    const [before] = await holders();
    expect(before).toBeDefined();
    await observer.query("select pg_terminate_backend($1)", [before?.pid]);
    await until(async () => (await holders()).some(({ pid }) => pid !== before?.pid));
  }
  await queue.stop();
  // A session that is not returned would keep the pool from closing.
  await db.close();
  // The server notices the end of a connection a moment later.
  await until(async () => (await holders()).length === 0);
  await observer.close();
});
