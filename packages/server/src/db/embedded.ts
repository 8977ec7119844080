import { realpath } from "node:fs/promises";
import path from "node:path";
import { findBinaries } from "./embedded/binaries.ts";
import { ensureCluster, ensurePassword, findPassword, ROLE } from "./embedded/cluster.ts";
import { isDiskFull } from "./fault.ts";
import { diskFull, EmbeddedPostgresError, explainSystemError, WRONG_PASSWORD } from "./embedded/error.ts";
import { makeFolder } from "./embedded/folder.ts";
import { endOrphan } from "./embedded/orphan.ts";
import { keepRunning } from "./embedded/keep-running.ts";
import { lockFolder } from "./embedded/owner.ts";
import { findServer } from "./embedded/pid-file.ts";
import { findPlace, notePlace } from "./embedded/place.ts";

/**
 * The life cycle of the bundled PostgreSQL, used when DATABASE_URL is not set. It owns one data folder and the server
 * on it, from the first initdb to the clean stop, and recovers from crashes of either.
 *
 *     lock the folder ─ find place, account, binaries ─ stop an orphan ─ password ─ initdb if new ─ start ─ own it
 *
 * - At most one running Carillon per folder; the second is refused and disturbs nothing. See owner.ts.
 * - Whatever was killed and whenever, the next start recovers. A cluster has its final name only when complete.
 * - The server is our child but not tied to us: if we are killed it becomes an orphan, which the next start stops
 *   cleanly. If we exit without stopping it, it is ended at once and recovers at the next start. A process is signalled
 *   only when it is known to be the server of this very folder.
 * - A full disk ends the server, which is restarted when there is room. See keep-running.ts.
 * - No unauthenticated access: loopback only, a generated password that is in no log, argument or environment.
 * - PostgreSQL's defaults for durability stand: what is committed is on disk.
 * - As root the server runs as another account, and if need be elsewhere. See place.ts.
 *
 * `<dataDir>/`: owner.lock, and (here, or where where-the-database-is.txt says) postgres/, password, postgres.log.
 */

/** What to start, and the callbacks for its events. */
export interface EmbeddedPostgresOptions {
  /** Created if it does not exist, for example `<project>/.carillon`. */
  dataDir: string;
  /** Receives a line when something happens that an operator should know; never a secret. */
  log: (line: string) => void;
  /** Default: a free port, a new one at each start. */
  port?: number;
  /** PostgreSQL settings that override ours, except where it listens and logs. */
  settings?: Record<string, string>;
  /** Called once with the reason when the server has ended unexpectedly and is not restarted. */
  onExit?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Contains the password: not for logs. */
  url: string;
  /** True while the server is down because the disk is full; it is restarted when there is room. */
  isOutOfRoom: () => boolean;
  /** Where the data really is: the requested folder, or root's place for it. */
  dataDir: string;
  /** Stops the server cleanly, waits for it and unlocks the folder. Repeated calls share one stop. */
  stop: () => Promise<void>;
}

export { EmbeddedPostgresError };

/** Throws `EmbeddedPostgresError`, after which nothing is left running. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    throw explainSystemError(error, options.dataDir);
  }
}

/** Turns the error of a statement on our own server into one line if it concerns the server and not the statement. */
export function explainOwnDatabase(error: unknown, dataDir: string): unknown {
  if (isDiskFull(error)) return diskFull(dataDir, error.message, { cause: error });
  const isRefused = error instanceof Error && "code" in error && error.code === WRONG_PASSWORD;
  return isRefused ? explainSystemError(error, dataDir) : error;
}

/**
 * The address of the server running on a folder, whatever process started it; null without one. For commands that run
 * beside a running Carillon: they connect to its database instead of starting it.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const folder = await realpath(dataDir).catch(() => null);
  if (folder === null) return null;
  const place = await findPlace(folder, await findBinaries());
  const server = await findServer(place);
  const password = await findPassword(place);
  return server?.port === undefined || password === undefined ? null : addressOf(server.port, password);
}

function addressOf(port: number, password: string): string {
  return `postgres://${ROLE}:${encodeURIComponent(password)}@127.0.0.1:${port}/${ROLE}`;
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  await using undo = new AsyncDisposableStack();
  await makeFolder(path.resolve(options.dataDir));
  const folder = await realpath(options.dataDir);
  undo.use(lockFolder(folder));

  const place = await findPlace(folder, await findBinaries());
  await endOrphan(place, log);
  const password = await ensurePassword(place, log);
  await ensureCluster(place, log);
  await notePlace(place, log);

  const server = await keepRunning({ place, password, options });
  undo.defer(server.stop);
  const life = undo.move();
  let stopping: Promise<void> | undefined;
  return {
    url: addressOf(server.port, password),
    isOutOfRoom: server.isOutOfRoom,
    dataDir: place.home,
    stop: () => (stopping ??= life.disposeAsync()),
  };
}
