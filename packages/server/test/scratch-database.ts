import { rm } from "node:fs/promises";
import { createDb, type Db } from "../src/db/db.ts";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";
import { migrate } from "../src/db/migrate.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A migrated database on a separate PostgreSQL, removed afterwards. */
export async function withScratchDatabase<T>(work: (db: Db, url: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder("scratch");
  const server = await startEmbeddedPostgres({ dataDir: folder, log: () => {} });
  const db = createDb({ url: server.url, max: 8, onError: () => {} });
  try {
    await migrate(db);
    return await work(db, server.url);
  } finally {
    await db.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
