import { hkdfSync } from "node:crypto";
import { sql } from "kysely";
import type { Queryable } from "../db/db.ts";

/**
 * The keys that sign a workspace's links to preference pages, derived from a secret that is sealed at rest. A new
 * generation is a new key. Links of earlier ones stay valid, since they lie in mails that were sent, until they are
 * revoked.
 */
export interface LinkKeys {
  /** Signs new links. */
  generation: number;
  /** Links of earlier ones are refused. */
  oldest_generation: number;
  /** Of any generation: another process may sign under a newer one already. */
  keyOf: (generation: number) => Buffer;
}

export interface Generations {
  link_generation: number;
  link_oldest_generation: number;
}

const KEY_BYTES = 32;

export function createLinkKeys(
  secret: string,
  { link_generation, link_oldest_generation }: Generations,
): LinkKeys {
  const derive = (generation: number) =>
    Buffer.from(hkdfSync("sha256", secret, "carillon", `preference-link/${generation}`, KEY_BYTES));
  let current: Buffer | undefined;
  return {
    generation: link_generation,
    oldest_generation: link_oldest_generation,
    // One derivation takes longer than the rest of a link.
    keyOf: (generation) =>
      generation === link_generation ? (current ??= derive(generation)) : derive(generation),
  };
}

/**
 * Begins a new generation; `revoke`: earlier links are refused from now on. Other processes may accept them for as long
 * as they remember a workspace.
 */
export async function rotateLinkKey(
  tx: Queryable,
  workspace_id: number,
  { revoke }: { revoke: boolean },
): Promise<Generations> {
  return tx.kysely
    .updateTable("workspace")
    .set(({ eb }) => ({
      link_generation: eb("link_generation", "+", 1),
      ...(revoke ? { link_oldest_generation: sql<number>`link_generation + 1` } : {}),
    }))
    .where("workspace_id", "=", workspace_id)
    .returning(["link_generation", "link_oldest_generation"])
    .executeTakeFirstOrThrow();
}
