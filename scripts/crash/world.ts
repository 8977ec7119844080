import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDb, type Db } from "../../packages/server/src/db/db.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../packages/server/src/db/embedded.ts";
import { EmbeddedPostgresError } from "../../packages/server/src/db/embedded/error.ts";
import { furnish } from "../../packages/server/test/furnish.ts";
import { temporaryFolder } from "../../packages/server/test/temporary-folder.ts";
import { JOURNEYS } from "./journeys.ts";
import { findFreePort } from "./process.ts";
import type { Sink } from "./sink.ts";

/**
 * A durable PostgreSQL (fsync on, production defaults, room for more sessions) that can be killed, with a workspace that
 * has the workflows of all journeys, and whose texts and calls go to the sink. It always restarts under the same URL.
 */
export interface World {
  databaseUrl: string;
  apiKey: string;
  /** The workspace's uid. */
  workspace: string;
  /** The observer's own connections. While the database is down its queries are rejected. */
  db: Db;
  /** `kill -9` of the postmaster; its children end when they notice. */
  killPostgres: () => Promise<void>;
  startPostgres: () => Promise<void>;
  close: () => Promise<void>;
}

export const SECRET_KEY = "a-secret-key-for-the-crash-proof";

/** Sessions of silent connections stay until the server's keepalive ends them, beside those that replace them. */
const SETTINGS = { max_connections: "300" };
const START_TRIES = 20;
const START_AGAIN_MS = 500;

export async function createWorld({ textUrl, callUrl }: Pick<Sink, "textUrl" | "callUrl">): Promise<World> {
  const folder = await temporaryFolder("crash");
  const port = await findFreePort();
  let server: EmbeddedPostgres = await startPostgres();
  const databaseUrl = server.url;

  /** Retries like a supervisor, while children of the killed server have yet to notice. */
  async function startPostgres(): Promise<EmbeddedPostgres> {
    for (let tries = 1; ; tries++) {
      try {
        return await startEmbeddedPostgres({ dataDir: folder, port, settings: SETTINGS, log: () => {} });
      } catch (error) {
        const isInTheWay = error instanceof EmbeddedPostgresError && error.code === "already_running";
        if (!isInTheWay || tries === START_TRIES) throw error;
        await sleep(START_AGAIN_MS);
      }
    }
  }

  const { api_key: apiKey, workspace } = await furnish(databaseUrl, {
    secretKey: SECRET_KEY,
    templates: Object.assign({}, ...JOURNEYS.map(({ templates }) => templates)),
    workflows: JOURNEYS.flatMap(({ workflows }) => workflows(callUrl)),
    lists: Object.fromEntries(
      JOURNEYS.flatMap(({ broadcast }) =>
        broadcast === undefined ? [] : [[broadcast.list_id, broadcast.members]],
      ),
    ),
    texts: {
      url: textUrl,
      body: '{"id":"{{nid}}","attempt":"{{attempt}}","text":"{{text}}"}',
      ack_id: "id",
    },
  });
  const db = createDb({ url: databaseUrl, max: 2, onError: () => {} });
  return {
    databaseUrl,
    apiKey,
    workspace: workspace.uid,
    db,
    async killPostgres() {
      const [pid] = (await readFile(join(server.dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(pid), "SIGKILL");
      // The server has ended: this only waits for that and unlocks the folder.
      await server.stop();
    },
    async startPostgres() {
      server = await startPostgres();
    },
    async close() {
      await db.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
