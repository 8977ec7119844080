import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, vi } from "vitest";
import { type EmbeddedPostgres, EmbeddedPostgresError, startEmbeddedPostgres } from "../embedded.ts";
import { findServer } from "./pid-file.ts";

/**
 * For tests with the real server: folders, starts in this process and in others, and cleanup of all of them after each
 * test, including orphans. As root (containers, CI images) tests also cover the change of user.
 */
export const ROOT = process.geteuid?.() === 0;
export const NOBODY = { uid: 65_534, gid: 65_534 };

export interface Bench {
  /** A folder that everyone can enter, for everything that the tests of one file create. */
  base: () => string;
  newFolder: () => string;
  /** The same for all tests of a file that tolerate earlier starts: a new database takes ten times as long. */
  usedFolder: () => string;
  start: (dataDir: string, more?: object) => Promise<EmbeddedPostgres>;
  /** The refusal of a start. Throws if it is not refused. */
  refusal: (dataDir: string, more?: object) => Promise<{ code: string; message: string }>;
  startOwner: (dataDir: string, account?: { uid?: number; gid?: number }, prefix?: string[]) => Owner;
  /** Everything logged by `start` in this test. */
  lines: string[];
  /** Stops everything that `start` started. */
  stopAll: () => Promise<void>;
  /** Adds a folder to the cleanup that no start of the bench knows. */
  watchOver: (folder: string) => void;
}

export interface Owner {
  child: ChildProcess;
  /** The outcome of `startEmbeddedPostgres` in that process. */
  outcome: Promise<{ url?: string; dataDir?: string; code?: string; message?: string }>;
}

export function useBench(): Bench {
  let base = "";
  let count = 0;
  const lines: string[] = [];
  const running = new Set<EmbeddedPostgres>();
  const owners = new Set<Owner>();
  const places = new Set<string>();

  vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

  beforeAll(async () => {
    base = await mkdtemp("/tmp/carillon-embedded-");
    await chmod(base, 0o755);
  });

  afterEach(async () => {
    await stopAll();
    await Promise.all([...owners].map((owner) => kill(owner.child)));
    for (const place of places) await endOrphanIn(path.join(place, "postgres"));
    owners.clear();
    places.clear();
    lines.length = 0;
  });

  afterAll(() => rm(base, { recursive: true, force: true }));

  async function stopAll(): Promise<void> {
    await Promise.all([...running].map((database) => database.stop()));
    running.clear();
  }

  function folder(name: string): string {
    const folder = path.join(base, name, ".carillon");
    places.add(folder);
    return folder;
  }

  async function start(dataDir: string, more: object = {}): Promise<EmbeddedPostgres> {
    places.add(dataDir);
    const database = await startEmbeddedPostgres({ dataDir, log: (line) => lines.push(line), ...more });
    running.add(database);
    places.add(database.dataDir);
    return database;
  }

  async function refusal(dataDir: string, more: object = {}): Promise<{ code: string; message: string }> {
    try {
      await start(dataDir, more);
    } catch (error) {
      if (!(error instanceof EmbeddedPostgresError) || error.message.includes("\n")) throw error;
      return { code: error.code, message: error.message };
    }
    throw new Error("it started");
  }

  function startOwner(dataDir: string, account = {}, prefix: string[] = []): Owner {
    const owner = spawnOwner(dataDir, account, prefix, (place) => places.add(place));
    owners.add(owner);
    return owner;
  }

  return {
    base: () => base,
    newFolder: () => folder(String((count += 1))),
    usedFolder: () => folder("used"),
    start,
    refusal,
    startOwner,
    lines,
    stopAll,
    watchOver: (folder) => places.add(folder),
  };
}

const SCRIPT = `
  import { startEmbeddedPostgres } from ${JSON.stringify(new URL("../embedded.ts", import.meta.url).href)};
  const tell = (outcome) => console.log(JSON.stringify(outcome));
  try {
    const { url, dataDir } = await startEmbeddedPostgres({ dataDir: process.argv[1], log: () => {} });
    tell({ url, dataDir });
  } catch (error) {
    tell({ code: error.code, message: error.message });
  }
`;

/** A Carillon in a separate process, which lives until it is killed. */
function spawnOwner(
  dataDir: string,
  account: object,
  prefix: string[],
  signalPlace: (place: string) => void,
): Owner {
  const command = [...prefix, process.execPath, "--input-type=module", "-e", SCRIPT, dataDir];
  const child = spawn(command[0] ?? "", command.slice(1), {
    ...account,
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const outcome = once(createInterface({ input: child.stdout }), "line").then(([line]) => {
    const told = JSON.parse(String(line)) as Awaited<Owner["outcome"]>;
    if (told.dataDir !== undefined) signalPlace(told.dataDir);
    return told;
  });
  return { child, outcome };
}

async function endOrphanIn(cluster: string): Promise<void> {
  // A path below a file cannot exist, and reading it is an error.
  const orphan = await findServer({ cluster }).catch(() => undefined);
  if (orphan === undefined) return;
  process.kill(orphan.pid, "SIGQUIT");
  await vi.waitUntil(async () => (await findServer({ cluster })) === undefined);
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

export async function urlOf(owner: Owner): Promise<string> {
  const { url, message } = await owner.outcome;
  if (url === undefined) throw new Error(message);
  return url;
}

export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Commits a word that no earlier test has used. */
export async function remember(url: string): Promise<string> {
  const word = randomUUID();
  await query(url, `drop table if exists kept; create table kept as select '${word}'::text as word`);
  return word;
}

export async function recall(url: string): Promise<unknown> {
  return (await query(url, "select word from kept"))[0]?.["word"];
}
