import type { IdentityHints, IdentityResult } from "../core/profile/identity.ts";
import type { Channel } from "../core/channel.ts";
import type { Queryable, Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { planEdits } from "./plan.ts";
import { holdTenants, load, loadById, lock } from "./read.ts";
import {
  type EditOutcome,
  type RecipientEdit,
  type RecipientKey,
  recipientKey,
  type StoredRecipient,
} from "./recipient.ts";
import { insertMissing, writeChanges } from "./write.ts";

export {
  type EditOutcome,
  type RecipientEdit,
  type RecipientKey,
  recipientKey,
  type StoredRecipient,
} from "./recipient.ts";

/**
 * Users and objects with their identities, and what single tenants know of them. Everything is in bulk: a chunk of
 * triggers reads all its recipients in one statement and writes only what really changed. Rows are locked in the
 * order of their keys, so two chunks that touch the same people cannot deadlock.
 */
export interface Recipients {
  /** Keyed by `recipientKey`; who does not exist is absent. Profiles in `tenant_ids` come along. */
  load: (
    db: Queryable,
    workspace_id: number,
    keys: readonly RecipientKey[],
    tenant_ids?: readonly string[],
  ) => Promise<Map<string, StoredRecipient>>;
  loadById: (
    db: Queryable,
    workspace_id: number,
    ids: readonly string[],
    tenant_ids?: readonly string[],
  ) => Promise<Map<string, StoredRecipient>>;
  /**
   * Applies edits in their order (several may name the same recipient); outcomes stand in the same order. Their
   * recipients carry the profiles in `tenant_ids` and in the tenants that the edits name.
   */
  apply: (
    tx: Tx,
    workspace_id: number,
    edits: RecipientEdit[],
    tenant_ids?: readonly string[],
  ) => Promise<EditOutcome[]>;
  parseIdentity: (channel: Channel, input: unknown, hints: IdentityHints) => IdentityResult;
}

export interface RecipientsDeps {
  ids: IdSource;
  parseIdentity: Recipients["parseIdentity"];
}

export function createRecipients({ ids, parseIdentity }: RecipientsDeps): Recipients {
  async function apply(
    tx: Tx,
    workspace_id: number,
    edits: RecipientEdit[],
    tenant_ids: readonly string[] = [],
  ): Promise<EditOutcome[]> {
    const edited = edits.flatMap(({ tenant_id }) => (tenant_id ? [tenant_id] : []));
    const wanted = [...tenant_ids, ...edited];
    const rules = await holdTenants(tx, workspace_id, edited);
    const stored = await load(tx, workspace_id, edits, wanted);
    const missing = edits.filter(
      ({ create, tenant_id, ...key }) =>
        create && (!tenant_id || rules.known.has(tenant_id)) && !stored.has(recipientKey(key)),
    );
    if (missing.length > 0) {
      await insertMissing(tx, workspace_id, missing, ids);
      for (const [key, recipient] of await load(tx, workspace_id, missing, wanted))
        stored.set(key, recipient);
    }
    const attempt = planEdits(edits, stored, rules, parseIdentity);
    if (attempt.changes.length === 0) return attempt.outcomes;
    // Something is to be written: lock those rows, and look again at what they hold now.
    const touched = [...new Map(attempt.changes.map(({ recipient }) => [recipient.id, recipient])).values()];
    const locked = await lock(tx, workspace_id, touched);
    // Somebody was deleted meanwhile: from the start.
    if (locked < touched.length) return apply(tx, workspace_id, edits, tenant_ids);
    for (const [key, recipient] of await load(tx, workspace_id, touched, wanted)) stored.set(key, recipient);
    const final = planEdits(edits, stored, rules, parseIdentity);
    if (final.changes.length > 0) await writeChanges(tx, workspace_id, final.changes, ids);
    return final.outcomes;
  }

  return { parseIdentity, load, loadById, apply };
}
