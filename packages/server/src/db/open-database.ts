import { checkServer, checkSessions } from "./check-server.ts";
import { createDb, type Db, type DbOptions } from "./db.ts";
import { migrate } from "./migrate.ts";

/**
 * Opens the database of a starting process: reached, checked and brought to this version. Throws the result of
 * `explain` for an error, one line that says what is wrong, and then leaves no connection open.
 */
export async function openDatabase(options: DbOptions, explain: (error: unknown) => unknown): Promise<Db> {
  try {
    await tryDatabase(options.url);
    const db = createDb(options);
    try {
      await migrate(db);
      return db;
    } catch (error) {
      await db.close();
      throw error;
    }
  } catch (error) {
    throw explain(error);
  }
}

/** On connections of its own, before anything is made. */
async function tryDatabase(url: string): Promise<void> {
  const db = createDb({ url, max: 2, onError: () => {} });
  try {
    await checkServer(db);
    await checkSessions(db);
  } finally {
    await db.close();
  }
}
