import { randomBytes } from "node:crypto";
import { lchown, mkdtemp, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Binaries } from "./binaries.ts";
import { EmbeddedPostgresError, explainOutput } from "./error.ts";
import type { Place } from "./place.ts";
import { run } from "./run.ts";

/** The superuser of the cluster, and the name of the product's database in it. */
export const ROLE = "carillon";

const DRAFT = "postgres.init-";

/**
 * Creates the cluster on the first start. It is created under another name and renamed when it is complete and on disk,
 * so a cluster with the final name is always complete; leftovers of a killed start are removed. Throws `wrong_version`
 * for data of another major version. Needs the folder's lock.
 */
export async function ensureCluster(place: Place, log: (line: string) => void): Promise<void> {
  for (const entry of await readdir(place.home)) {
    // The initdb of a killed start may still be writing; what cannot be removed now is removed at the next start.
    if (entry.startsWith(DRAFT)) {
      await rm(path.join(place.home, entry), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    }
  }
  if (await checkExisting(place)) return;
  log(`Creating the database in ${place.home} (first start only).`);
  const draft = await mkdtemp(path.join(place.home, DRAFT));
  try {
    await give(draft, place);
    await initialize(place, draft);
    await rename(draft, place.cluster);
    await syncFolder(place.home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    throw error;
  }
}

/** Whether there is a cluster that these programs can open; an empty folder is not one. */
async function checkExisting({ folder, cluster, binaries }: Place): Promise<boolean> {
  const entries = await readdir(cluster).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.length === 0) return false;
  const ours = majorOf(binaries);
  const theirs = entries.includes("PG_VERSION")
    ? (await readFile(path.join(cluster, "PG_VERSION"), "utf8")).trim()
    : undefined;
  if (theirs === ours) return true;
  if (theirs !== undefined && /^\d+(\.\d+)?$/.test(theirs)) {
    throw new EmbeddedPostgresError(
      "wrong_version",
      `The data in ${folder} was made by PostgreSQL ${theirs} and this Carillon brings ${ours}. Start it with the Carillon that made it (pg_dump there carries the data over), choose another folder, or set DATABASE_URL.`,
    );
  }
  throw new EmbeddedPostgresError(
    "start_failed",
    `${cluster} is not a PostgreSQL data directory or is damaged (no usable PG_VERSION). Restore it from a backup, or move it away to start empty.`,
  );
}

function majorOf({ version }: Binaries): string {
  return version.split(".", 1)[0] ?? version;
}

async function initialize(place: Place, draft: string): Promise<void> {
  const { code, output } = await run(
    place.binaries.initdb,
    [
      `--pgdata=${draft}`,
      `--username=${ROLE}`,
      `--pwfile=${passwordFile(place)}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // Sorts by code point, the same on every machine and after every upgrade, but knows Unicode's cases.
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--data-checksums",
      "--no-instructions",
    ],
    { account: place.account, cwd: place.home },
  );
  if (code !== 0) throw explainOutput(output, place);
}

function passwordFile({ home }: Place): string {
  return path.join(home, "password");
}

/**
 * The generated password, kept beside the cluster and readable only by the account that runs it. If its file is missing
 * but the cluster exists, a new password is set in the server's single-user mode, which trusts any account that can
 * read the files. Must run before `ensureCluster`, and needs a stopped server if the file is missing.
 */
export async function ensurePassword(place: Place, log: (line: string) => void): Promise<string> {
  const file = passwordFile(place);
  const known = (await readFile(file, "utf8").catch(unlessMissing)).trim();
  if (known !== "") return known;
  const password = randomBytes(24).toString("base64url");
  if (await checkExisting(place)) {
    log(`${file} is missing: setting a new password.`);
    await setPassword(place, password);
  }
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  {
    await using handle = await open(draft, "wx", 0o600);
    await handle.writeFile(`${password}\n`);
    await handle.sync();
  }
  await give(draft, place);
  await rename(draft, file);
  await syncFolder(place.home);
  return password;
}

/** Reads the password if there is one: enough to connect to a server that was left running. */
export async function findPassword(place: Place): Promise<string | undefined> {
  return (await readFile(passwordFile(place), "utf8").catch(unlessMissing)).trim() || undefined;
}

async function setPassword(place: Place, password: string): Promise<void> {
  const args = ["--single", "-D", place.cluster, "-c", "log_min_error_statement=panic", "postgres"];
  const { code, output } = await run(place.binaries.postgres, args, {
    account: place.account,
    cwd: place.home,
    input: `alter role ${ROLE} password '${password}'\n`,
  });
  if (code !== 0 || /\b(ERROR|FATAL):/.test(output)) throw explainOutput(output, place);
}

function unlessMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

/** Gives a file that root created to the account that must use it; never follows a link placed there. */
export async function give(file: string, { account }: Place): Promise<void> {
  if (account !== undefined) await lchown(file, account.uid, account.gid);
}

/** Makes a rename survive a power failure. Windows neither needs nor allows it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
