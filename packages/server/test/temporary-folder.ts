import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for a temporary database. Other accounts may enter it, so that as root the database's own account reaches it
 * and everything is removed with the folder; its contents have their own permissions.
 */
export async function temporaryFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `carillon-${purpose}-`));
  await chmod(folder, 0o755);
  return folder;
}
