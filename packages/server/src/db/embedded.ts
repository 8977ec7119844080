import { realpath } from "node:fs/promises";
import path from "node:path";
import { findBinaries } from "./embedded/binaries.ts";
import { ensureCluster, ensurePassword, findPassword, ROLE } from "./embedded/cluster.ts";
import { isDiskFull } from "./db.ts";
import { diskFull, EmbeddedPostgresError, explainSystemError, WRONG_PASSWORD } from "./embedded/error.ts";
import { makeFolder } from "./embedded/folder.ts";
import { endOrphan } from "./embedded/orphan.ts";
import { keepRunning } from "./embedded/keep-running.ts";
import { lockFolder } from "./embedded/owner.ts";
import { findServer } from "./embedded/pid-file.ts";
import { findPlace, notePlace } from "./embedded/place.ts";

/**
 * The life of the PostgreSQL that Carillon brings along, for everyone who sets no DATABASE_URL. It owns one data
 * folder and the server on it, from the first initdb to the clean stop, and survives bad endings of either.
 *
 *     lock the folder ─ find place, account, binaries ─ end an orphan ─ password ─ initdb if new ─ start ─ own it
 *
 * - At most one living Carillon per folder; the second is refused and disturbs nothing. See owner.ts.
 * - Whatever was killed and whenever, the next start recovers by itself. A cluster has its name only when whole.
 * - The server is our child but not tied to us: killed, we leave an orphan, which the next start stops cleanly.
 *   A process is signalled only when it is known to be the server of this very folder.
 * - A full disk ends the server, and the server comes back by itself when there is room. See keep-running.ts.
 * - No plain text way in: loopback only, a generated password that is in no log, argument or environment.
 * - PostgreSQL's defaults for durability stand: what is committed is on disk.
 * - As root the server runs as another account, and if need be elsewhere. See place.ts.
 *
 * `<dataDir>/`: owner.lock, and (here, or where where-the-database-is.txt says) postgres/, password, postgres.log.
 */

/** What to start, and who hears about it. */
export interface EmbeddedPostgresOptions {
  /** Made if it does not exist, for example `<project>/.carillon`. */
  dataDir: string;
  /** Hears a line when something happens that a person should know; never a secret. */
  log: (line: string) => void;
  /** Default: one that is free, another at each start. */
  port?: number;
  /** PostgreSQL settings over ours. Where it listens and where it logs stay ours. */
  settings?: Record<string, string>;
  /** Hears why, once, when the server has ended without having been asked to, and does not come back by itself. */
  onExit?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** With the password: not for logs. */
  url: string;
  /** It has ended because the disk is full, and comes back when there is room. */
  isOutOfRoom: () => boolean;
  /** Where the data really is: the folder asked for, or root's place for it. */
  dataDir: string;
  /** Stops the server cleanly, waits for it and lets the folder go. Any number of calls are one. */
  stop: () => Promise<void>;
}

export { EmbeddedPostgresError };

/** Throws `EmbeddedPostgresError` and then leaves nothing running. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    throw explainSystemError(error, options.dataDir);
  }
}

/** What a statement on our own server failed with, as one line where it is about the server and not the statement. */
export function explainOwnDatabase(error: unknown, dataDir: string): unknown {
  if (isDiskFull(error)) return diskFull(dataDir, error.message, { cause: error });
  const isRefused = error instanceof Error && "code" in error && error.code === WRONG_PASSWORD;
  return isRefused ? explainSystemError(error, dataDir) : error;
}

/**
 * The address of the server that runs on a folder, whoever started it; null when none does. For commands that work
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
