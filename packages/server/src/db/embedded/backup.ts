import { randomBytes } from "node:crypto";
import { constants, type Dirent } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { findBinaries } from "./binaries.ts";
import { findPassword, ROLE, syncFolder } from "./cluster.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { makeFolder } from "./folder.ts";
import { lockFolder } from "./owner.ts";
import { findServer } from "./pid-file.ts";
import { findPlace, type Place } from "./place.ts";

/**
 * Copies a data folder to where a start finds it complete, while its server runs or not. Files that are copied while a
 * server writes them are not of one moment: this is PostgreSQL's base backup, whose label makes the copy's first start
 * replay the log from before the copying to its end. A slot keeps the log until it is copied too. The bundled programs
 * have no pg_basebackup; the steps are those of "Making a Base Backup Using the Low Level API" in PostgreSQL's manual.
 *
 * The copy has its final name only when it is complete and on disk.
 */
export interface Backup {
  /** An absolute path: a data folder of its own, wherever the original kept its data. */
  folder: string;
  bytes: number;
}

/** What a server makes anew at its start, and must not find from another; of these only the folders are kept. */
const EMPTIED = new Set([
  "pg_dynshmem",
  "pg_notify",
  "pg_replslot",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|backup_label(?:\.old)?|tablespace_map(?:\.old)?|pgsql_tmp.*|pg_internal\.init.*)$/;
const WAL = "pg_wal";
const SEGMENT = /^[0-9A-F]{24}$/;
/** Beside the cluster, or beside the note that says where it is. */
const KEPT = ["password", "secret.key", "quickstart.json"];

/** Throws `EmbeddedPostgresError`, after which there is no copy. */
export async function backUpFolder(dataDir: string, target: string): Promise<Backup> {
  const place = await findData(dataDir);
  const goal = path.resolve(target);
  await refuseTarget(goal, place);
  const draft = `${goal}.incomplete`;
  try {
    await rm(draft, { recursive: true, force: true });
    await makeFolder(draft);
    await chmod(draft, (await stat(place.home)).mode & 0o777);
    let bytes = 0;
    for (const folder of new Set([place.home, place.folder])) {
      for (const name of KEPT) bytes += await copyOne(path.join(folder, name), path.join(draft, name));
    }
    bytes += await copyCluster(place, path.join(draft, "postgres"));
    await syncFolder(draft);
    await rename(draft, goal);
    await syncFolder(path.dirname(goal));
    return { folder: goal, bytes };
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    if (!(error instanceof Error) || error instanceof EmbeddedPostgresError) throw error;
    const failed = `The backup of ${place.folder} failed (${error.message})`;
    throw new EmbeddedPostgresError("backup_failed", `${failed}. Nothing is left of it: start it again.`, {
      cause: error,
    });
  }
}

async function findData(dataDir: string): Promise<Place> {
  const nothing = () => refusal(`There is no database in ${dataDir} to back up. Set DATA_DIR to its folder.`);
  const folder = await realpath(dataDir).catch(() => {
    throw nothing();
  });
  const place = await findPlace(folder, await findBinaries());
  const hasData = await stat(path.join(place.cluster, "PG_VERSION")).catch(() => null);
  if (hasData === null) throw nothing();
  return place;
}

async function refuseTarget(goal: string, { folder, home }: Place): Promise<void> {
  const parent = await realpath(path.dirname(goal)).catch(() => path.dirname(goal));
  for (const own of [folder, home]) {
    if (`${parent}${path.sep}`.startsWith(`${own}${path.sep}`))
      throw refusal(`${goal} lies in the folder that is backed up. Name a folder outside of ${own}.`);
  }
  const isTaken = await stat(goal).then(
    () => true,
    () => false,
  );
  if (isTaken) throw refusal(`${goal} exists already. Name a folder that does not.`);
}

const refusal = (message: string) => new EmbeddedPostgresError("backup_failed", message);

async function copyCluster(place: Place, target: string): Promise<number> {
  const running = await findServer(place);
  if (running !== undefined) return copyLive(place, running.port, target);
  // Nobody starts it meanwhile.
  using _lock = lockFolder(place.folder);
  return (
    (await copyTree(place.cluster, target, new Set([...EMPTIED, WAL]))) +
    (await copyTree(path.join(place.cluster, WAL), path.join(target, WAL), new Set()))
  );
}

async function copyLive(place: Place, port: number | undefined, target: string): Promise<number> {
  const password = await findPassword(place);
  if (port === undefined || password === undefined)
    throw refusal(`The server on ${place.folder} is only starting. Back it up when it is up.`);
  const session = new Client({
    host: "127.0.0.1",
    port,
    user: ROLE,
    password,
    database: "postgres",
    application_name: "carillon backup",
    ssl: false,
    connectionTimeoutMillis: 5_000,
  });
  // A lost connection rejects the statement that needs it; without a listener it would end the process.
  session.on("error", () => {});
  try {
    await session.connect();
    return await copyBetween(session, place.cluster, target);
  } finally {
    await session.end().catch(() => {});
  }
}

/** The slot, and the state of a backup, end with the session. */
async function copyBetween(session: Client, cluster: string, target: string): Promise<number> {
  for (const limit of ["statement_timeout", "lock_timeout", "idle_session_timeout"])
    await session.query(`set ${limit} = 0`);
  const slot = `carillon_backup_${randomBytes(6).toString("hex")}`;
  await session.query("select pg_create_physical_replication_slot($1, true, true)", [slot]);
  const first = await nameIn(session, "select pg_walfile_name(pg_backup_start('carillon', true)) as name");
  let bytes = await copyTree(cluster, target, new Set([...EMPTIED, WAL]));
  const { rows } = await session.query<{ lsn: string; labelfile: string }>(
    "select lsn::text, labelfile from pg_backup_stop(false)",
  );
  const [stopped] = rows;
  if (stopped === undefined) throw new Error("PostgreSQL did not end the backup");
  const last = await nameIn(session, "select pg_walfile_name($1) as name", [stopped.lsn]);
  await writeFile(path.join(target, "backup_label"), stopped.labelfile, { mode: 0o600, flush: true });
  const wal = path.join(cluster, WAL);
  await mkdir(path.join(target, WAL), { mode: 0o700 });
  for (const name of await readdir(wal)) {
    if (SEGMENT.test(name) && first <= name && name <= last)
      bytes += await copyOne(path.join(wal, name), path.join(target, WAL, name));
  }
  await syncFolder(path.join(target, WAL));
  return bytes;
}

async function nameIn(session: Client, query: string, values: unknown[] = []): Promise<string> {
  const { rows } = await session.query<{ name: string }>(query, values);
  const [row] = rows;
  if (row === undefined) throw new Error("PostgreSQL named no file of its log");
  return row.name;
}

/** Copies a folder without what a start makes anew. What vanishes meanwhile is left out: the log says so, too. */
async function copyTree(from: string, to: string, emptied: ReadonlySet<string>): Promise<number> {
  await mkdir(to, { mode: 0o700 });
  let bytes = 0;
  for (const entry of await entriesOf(from)) {
    const [source, copy] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (LEFT_OUT.test(entry.name)) continue;
    if (emptied.has(entry.name)) {
      if (entry.name !== WAL) await mkdir(copy, { mode: 0o700 });
    } else if (entry.isDirectory()) bytes += await copyTree(source, copy, new Set());
    else if (entry.isFile()) bytes += await copyOne(source, copy);
    else throw refusal(`${source} is a link: a database with tablespaces has to be backed up by hand.`);
  }
  await syncFolder(to);
  return bytes;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(unlessGone([]));
}

/** The size of the copy; 0 if there is no such file. */
async function copyOne(from: string, to: string): Promise<number> {
  const isCopied = await copyFile(from, to, constants.COPYFILE_FICLONE).then(() => true, unlessGone(false));
  if (!isCopied) return 0;
  await using handle = await open(to, "r+");
  await handle.sync();
  return (await handle.stat()).size;
}

function unlessGone<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === "ENOENT") return value;
    throw error;
  };
}
