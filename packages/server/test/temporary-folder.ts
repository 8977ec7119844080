import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for a throw-away database. Other accounts may enter it, so that run as root the database's own account
 * reaches it and everything is gone with the folder; its contents protect themselves.
 */
export async function temporaryFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `carillon-${purpose}-`));
  await chmod(folder, 0o755);
  return folder;
}
