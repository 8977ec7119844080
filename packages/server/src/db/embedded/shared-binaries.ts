import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import path from "node:path";
import { type Binaries, exists, nativeFolder } from "./binaries.ts";

const DRAFT = ".postgresql-";
const DRAFT_AGE_MS = 600_000;

/**
 * Provides the programs, once for each version, in `<base>/postgresql-<version>`, readable by everyone. That folder
 * appears complete or not at all, and is on disk before it gets its name, since it is never checked again.
 */
export async function shareBinaries(binaries: Binaries, base: string): Promise<Binaries> {
  const target = path.join(base, `postgresql-${binaries.version}`);
  if (!(await exists(target))) {
    await mkdir(base, { recursive: true, mode: 0o755 });
    await removeOldDrafts(base);
    const draft = await mkdtemp(path.join(base, DRAFT));
    try {
      for (const part of ["bin", "lib", "share"]) {
        await copyForAll(path.join(nativeFolder(binaries), part), path.join(draft, part));
      }
      await chmod(draft, 0o755);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // Two first starts in two folders make the same copy; either will do.
      if (!(await exists(target))) throw error;
    }
  }
  const moved = (program: string) => path.join(target, "bin", path.basename(program));
  return {
    postgres: moved(binaries.postgres),
    initdb: moved(binaries.initdb),
    pg_ctl: moved(binaries.pg_ctl),
    version: binaries.version,
  };
}

/** Removes leftovers of killed starts. A recent draft may belong to another start in progress. */
async function removeOldDrafts(base: string): Promise<void> {
  for (const entry of await readdir(base)) {
    const draft = path.join(base, entry);
    if (!entry.startsWith(DRAFT) || Date.now() - (await stat(draft)).mtimeMs < DRAFT_AGE_MS) continue;
    await rm(draft, { recursive: true, force: true });
  }
}

async function copyForAll(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const copy = path.join(to, entry.name);
    if (entry.isDirectory()) await copyForAll(source, copy);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), copy);
    else if (entry.isFile()) await copyFileForAll(source, copy);
  }
}

/**
 * A hard link is as good as a copy for a file that only root can change and everyone may read, and saves most of a
 * second in total.
 */
async function copyFileForAll(source: string, copy: string): Promise<void> {
  const { mode, uid } = await stat(source);
  const shared = (mode & 0o100) === 0 ? 0o644 : 0o755;
  const linked =
    uid === 0 && (mode & 0o777) === shared
      ? await link(source, copy).then(
          () => true,
          () => false,
        )
      : false;
  if (!linked) await copyFile(source, copy);
  await using file = await open(copy, "r");
  if (!linked) await file.chmod(shared);
  await file.sync();
}
