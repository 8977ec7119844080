import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a folder and what is missing above it. Not by `mkdir` with `recursive`: where a file system knows of no such
 * file even when asked to make it, as `/proc` does, that one never returns and keeps a core busy.
 */
export async function makeFolder(folder: string): Promise<void> {
  if (await wasMade(folder)) return;
  await makeFolder(path.dirname(folder));
  // Its parent is there now: what is missing this time is not ours to make.
  if (!(await wasMade(folder))) await mkdir(folder);
}

/** False when its parent is missing. */
async function wasMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A read-only disk and a lack of permission come before what is there already.
    const isThere = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere) return true;
    if (code === "ENOENT" && path.dirname(folder) !== folder) return false;
    throw error;
  }
}
