import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Creates a folder and its missing parents. Not with `mkdir` and `recursive`: where a file system answers ENOENT even
 * when creating, as `/proc` does, that call never returns and keeps a core busy.
 */
export async function makeFolder(folder: string): Promise<void> {
  if (await wasMade(folder)) return;
  await makeFolder(path.dirname(folder));
  // Its parent exists now: if something is still missing we cannot create it.
  if (!(await wasMade(folder))) await mkdir(folder);
}

/** False when its parent is missing. */
async function wasMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A read-only disk and a missing permission are reported before an existing folder.
    const isThere = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere) return true;
    if (code === "ENOENT" && path.dirname(folder) !== folder) return false;
    throw error;
  }
}
