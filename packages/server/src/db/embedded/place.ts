import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Binaries, nativeFolder } from "./binaries.ts";
import { EmbeddedPostgresError, explainOutput, notWritable } from "./error.ts";
import { canEnter, chooseAccount, isRoot, ownerOf } from "./os-user.ts";
import { type Account, run } from "./run.ts";
import { shareBinaries } from "./shared-binaries.ts";

/**
 * Where the data lives and which account runs the server. An ordinary user keeps everything in the folder and runs the
 * server directly. Root runs it as another account, and a project of root's often lies where that account cannot go
 * (/root, a private temporary folder): the data then lives under /var/lib/carillon, and a note in the folder says so.
 * No folder's permissions are widened for this.
 */
export interface Place {
  /** The folder that the user configured, as an absolute path without links. */
  folder: string;
  /** Holds the cluster, the password and the log. */
  home: string;
  /** PostgreSQL's own data directory: `<home>/postgres`. */
  cluster: string;
  account: Account | undefined;
  binaries: Binaries;
}

const SYSTEM_FOLDER = "/var/lib/carillon";
const NOTE = "where-the-database-is.txt";

export async function findPlace(folder: string, installed: Binaries): Promise<Place> {
  const note = await readNote(folder);
  if (!isRoot()) {
    if (note !== undefined)
      throw notWritable(folder, `its data is in ${note} and was made as root; start as root`);
    return { folder, ...(await ownPlace(folder)), account: undefined, binaries: installed };
  }
  const elsewhere = path.join(SYSTEM_FOLDER, createHash("sha256").update(folder).digest("hex").slice(0, 16));
  const { home, account } =
    note === undefined ? await placeForRoot(folder, elsewhere) : await placeOfNote(folder, note, elsewhere);
  const reachable = await canEnter(path.join(nativeFolder(installed), "bin"), account);
  return {
    folder,
    home,
    cluster: path.join(home, "postgres"),
    account,
    binaries: reachable ? installed : await shareBinaries(installed, SYSTEM_FOLDER),
  };
}

/** Writes the note, once there is something to point to. */
export async function notePlace(
  { folder, home, account }: Place,
  log: (line: string) => void,
): Promise<void> {
  if (home === folder || (await readNote(folder)) === home) return;
  log(`PostgreSQL runs as ${account?.name}, who cannot enter ${folder}: the database is kept in ${home}.`);
  const text = [
    home,
    "",
    "The database of this folder is kept there, because PostgreSQL must not run as root and the account",
    `that it runs as (${account?.name}) cannot enter this folder. Deleting this folder does not delete that data.`,
    "",
  ];
  await writeFile(path.join(folder, NOTE), text.join("\n"));
}

async function readNote(folder: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, NOTE), "utf8").catch(() => "");
  return text.split("\n", 1)[0]?.trim() || undefined;
}

async function ownPlace(folder: string): Promise<{ home: string; cluster: string }> {
  const cluster = path.join(folder, "postgres");
  const owner = await stat(cluster).catch(() => undefined);
  if (owner !== undefined && process.geteuid !== undefined && owner.uid !== process.geteuid()) {
    throw notWritable(folder, `its database belongs to user ${owner.uid}; start as that user or as root`);
  }
  return { home: folder, cluster };
}

async function placeForRoot(folder: string, elsewhere: string): Promise<{ home: string; account: Account }> {
  const here = path.join(folder, "postgres");
  if (await isFilled(here)) {
    const account = await accountOfCluster(here);
    if (await canEnter(folder, account)) return { home: folder, account };
    throw new EmbeddedPostgresError(
      "start_failed",
      `PostgreSQL must not run as root, and ${account.name}, who owns the database in ${folder}, cannot enter that folder. Let that user pass (chmod o+x on its parents) or move the folder.`,
    );
  }
  const there = path.join(elsewhere, "postgres");
  // Found without its note: the first start was interrupted, or the folder was emptied. That is no reason to drop data.
  if (await isFilled(there)) return placeElsewhere(elsewhere, await accountOfCluster(there));
  const account = await chooseAccount();
  return (await canEnter(folder, account)) ? { home: folder, account } : placeElsewhere(elsewhere, account);
}

async function placeElsewhere(home: string, account: Account): Promise<{ home: string; account: Account }> {
  await mkdir(home, { recursive: true });
  // Whatever our umask is, the account must be able to reach the cluster, which is closed to everyone else. The folder
  // around it stays root's: an account that could place links there could make root write through them.
  await chown(home, 0, 0);
  await chmod(SYSTEM_FOLDER, 0o755);
  await chmod(home, 0o711);
  return { home, account };
}

async function placeOfNote(
  folder: string,
  note: string,
  elsewhere: string,
): Promise<{ home: string; account: Account }> {
  const file = path.join(folder, NOTE);
  if (note !== elsewhere) {
    // Two copies of one folder must not silently share a database, so neither copies nor moves are followed.
    throw new EmbeddedPostgresError(
      "start_failed",
      `${folder} was moved or copied: its database is in ${note}, kept for the old path. Move the folder back; or delete ${file}, to start empty or, with that data moved to ${elsewhere}, to go on.`,
    );
  }
  const cluster = path.join(note, "postgres");
  if (await isFilled(cluster)) return placeElsewhere(note, await accountOfCluster(cluster));
  throw new EmbeddedPostgresError(
    "start_failed",
    `The database of ${folder} was in ${note} and is gone. Put it back, or delete ${file} to start empty.`,
  );
}

/** The owner of the data runs the server; the ownership of data that root restored from a backup is changed first. */
async function accountOfCluster(cluster: string): Promise<Account> {
  const owner = await ownerOf(cluster);
  if (owner.uid !== 0) return owner;
  const account = await chooseAccount();
  const { code, output } = await run("chown", ["-R", `${account.uid}:${account.gid}`, cluster]);
  if (code !== 0) throw explainOutput(output, { folder: cluster });
  return account;
}

async function isFilled(folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch(() => []);
  return entries.length > 0;
}
