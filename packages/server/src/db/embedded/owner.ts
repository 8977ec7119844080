import { LOCKS } from "../locks.ts";
import { accessSync, chownSync, closeSync, constants, openSync, statSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { ROLE } from "./cluster.ts";
import { alreadyRunning, EmbeddedPostgresError } from "./error.ts";

/*
 * Who owns a data folder. Two locks, both let go by the kernel or the server when their holder dies, however it
 * dies; neither is a process id in a file, which a reboot or a container makes a lie.
 *
 * 1. The folder's lock, a file lock held from before the first look at the folder until after the server has stopped.
 *    It decides between two simultaneous starts, when there is no server to ask yet, and holds between containers that
 *    share a volume. Node has no file locks of its own: an open SQLite transaction on an empty file is one, on every
 *    platform.
 * 2. The owner's lock, a session advisory lock in the server. It distinguishes a server in use from an orphan even if
 *    the lock file has been deleted.
 */

const BUSY = 5;

/**
 * Throws `already_running`, or the system's error for a folder that cannot be written. The lock is held until
 * disposed.
 */
export function lockFolder(folder: string): Disposable {
  const file = path.join(folder, "owner.lock");
  createFile(file);
  // SQLite silently opens a file that it may not write, and then locks nothing.
  accessSync(file, constants.W_OK);
  const lock = new DatabaseSync(file);
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
    shareWithOwner(file, folder);
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && "errcode" in error) {
      if (error.errcode === BUSY) throw alreadyRunning(folder);
      const advice = `Delete it while no Carillon runs there, and start again.`;
      throw new EmbeddedPostgresError("start_failed", `Cannot lock ${file} (${error.message}). ${advice}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Leaves an existing file alone: closing any handle of it would drop a lock that this process may hold. */
function createFile(file: string): void {
  try {
    closeSync(openSync(file, "wx"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** A start as root must not prevent the folder's owner from starting later. */
function shareWithOwner(file: string, folder: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  chownSync(file, uid, gid);
}

export interface Server {
  port: number;
  password: string;
}

/** A session that holds the owner's lock; undefined if another session still holds it after two seconds. */
export async function claimServer({ port, password }: Server): Promise<Client | undefined> {
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: ROLE,
    password,
    database: "postgres",
    application_name: "carillon owner",
    ssl: false,
    connectionTimeoutMillis: 5_000,
  });
  // Without a listener a lost connection would end the process.
  client.on("error", () => {});
  await client.connect();
  // The server may take a moment to notice that its owner has just been killed.
  for (let tries = 0; tries < 40; tries += 1) {
    if (tries > 0) await sleep(50);
    const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1) as held", [
      LOCKS.embedded_owner,
    ]);
    if (rows[0]?.held === true) return client;
  }
  await client.end();
  return undefined;
}

/**
 * Holds the owner's lock until disposed or until the server has `ended`, and takes it again when the session is lost
 * while the server lives: if any one of its processes crashes, PostgreSQL ends every session and recovers.
 */
export async function ownServer(server: Server, folder: string, ended: Promise<unknown>): Promise<Ownership> {
  const closing = new AbortController();
  void ended.then(() => closing.abort());
  let session = await claim();
  let regaining: Promise<void> | undefined;

  async function claim(): Promise<Client> {
    const client = await claimServer(server);
    if (client === undefined) throw alreadyRunning(folder);
    client.once("end", () => {
      if (!closing.signal.aborted) regaining = regain();
    });
    return client;
  }

  async function regain(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        session = await claim();
        return;
      } catch {
        await sleep(200, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      }
    }
  }

  return {
    get session() {
      return session;
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await regaining;
      await session.end().catch(() => {});
    },
  };
}

export interface Ownership extends AsyncDisposable {
  readonly session: Client;
}

/**
 * Creates the product's database on the first start. Separate from `postgres`, so that it can be dropped and restored.
 */
export async function ensureDatabase(session: Client): Promise<void> {
  const { rowCount } = await session.query("select from pg_database where datname = $1", [ROLE]);
  if (rowCount === 0) await session.query(`create database ${ROLE}`);
}
