import { test } from "vitest";
import { createDb, type Db } from "../src/db/db.ts";
import { type Client, createClient } from "./client/client.ts";
import { createWorld, type World } from "./behaviours/world.ts";
import { cloneDatabase, createHarness, dropDatabase, type Harness } from "./harness.ts";
import { createHub, type Hub } from "./hub.ts";
import { createManagement, type Management } from "./management.ts";
import { furnishPipeline, type Pipeline } from "./pipeline.ts";
import { furnishPreferences, type PreferenceBench } from "./preferences/desk.ts";
import { createWorkers, type Workers } from "./worker.ts";

/**
 * What tests are given by name, made when a test first asks for it and cleaned up after it. A test file imports the
 * line that fits it as `it`:
 *
 *                    accepted work    database
 *     onApi          is left alone    that of all such files in the process
 *     onServer       is carried out   that of all such files in the process
 *     onOwnApi       is left alone    of the file
 *     onOwnServer    is carried out   of the file
 *     onDatabase     no server        of the file
 *
 * Each test has a workspace of its own. A file has a database of its own if it looks past that: counts the rows of a
 * whole table, or starts workers, which take whatever is due.
 */
interface PerTest {
  /** Of a new database, for a test that starts servers itself. */
  newDatabaseUrl: string;
  /** A fresh workspace and its data API; the five below are in the same workspace. */
  hub: Hub;
  pipeline: Pipeline;
  management: Management;
  client: Client;
  desk: PreferenceBench;
  /** A fresh workspace whose clock is frozen. */
  world: World;
  /** On the harness's database; stopped after the test. */
  workers: Workers;
}

type Use<T> = (made: T) => Promise<void>;

// vitest reads the pattern of an argument to see what to make first.
// oxlint-disable-next-line no-empty-pattern
const newDatabaseUrl = async ({}, use: Use<string>) => {
  const url = await cloneDatabase();
  await use(url);
  await dropDatabase(url);
};

const perTest = {
  newDatabaseUrl,
  hub: async ({ harness }: { harness: Harness }, use: Use<Hub>) => use(await createHub(harness)),
  pipeline: async ({ hub }: PerTest, use: Use<Pipeline>) => use(await furnishPipeline(hub)),
  management: async ({ hub }: PerTest, use: Use<Management>) => use(createManagement(hub, hub.workspace)),
  client: async ({ hub }: PerTest, use: Use<Client>) => use(await createClient(hub, hub.workspace)),
  desk: async ({ hub }: PerTest, use: Use<PreferenceBench>) => use(await furnishPreferences(hub)),
  world: async ({ harness }: { harness: Harness }, use: Use<World>) => use(await createWorld(harness)),
  workers: async ({ harness }: { harness: Harness }, use: Use<Workers>) => {
    const workers = createWorkers(harness);
    await use(workers);
    await workers.stop();
  },
};

const harness =
  (role: "api" | "all") =>
  // oxlint-disable-next-line no-empty-pattern
  async ({}, use: Use<Harness>) => {
    const made = await createHarness({ role });
    await use(made);
    await made.close();
  };

interface Shared {
  $test: PerTest;
  $worker: { harness: Harness };
}

interface Own {
  $test: PerTest;
  $file: { harness: Harness };
}

export const onApi = test.extend<Shared>({ ...perTest, harness: [harness("api"), { scope: "worker" }] });
export const onServer = test.extend<Shared>({ ...perTest, harness: [harness("all"), { scope: "worker" }] });
export const onOwnApi = test.extend<Own>({ ...perTest, harness: [harness("api"), { scope: "file" }] });
export const onOwnServer = test.extend<Own>({ ...perTest, harness: [harness("all"), { scope: "file" }] });

export const onDatabase = test.extend<{
  $test: { newDatabaseUrl: string };
  $file: { databaseUrl: string; db: Db };
}>({
  newDatabaseUrl,
  databaseUrl: [newDatabaseUrl, { scope: "file" }],
  db: [
    async ({ databaseUrl }, use) => {
      const db = createDb({ url: databaseUrl, max: 16, onError: () => {} });
      await use(db);
      await db.close();
    },
    { scope: "file" },
  ],
});
