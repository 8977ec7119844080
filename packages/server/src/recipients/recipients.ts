import {
  identityName,
  type IdentityHints,
  type IdentityResult,
  type StoredIdentity,
} from "../core/profile/identity.ts";
import type { Channel } from "../core/channel.ts";
import type { Queryable, Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { type Takeover, takeOver } from "./merge.ts";
import { type Plan, planEdits } from "./plan.ts";
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
 * Users and objects with their identities, and their profiles in tenants. Everything is in bulk: a chunk of triggers
 * reads all its recipients in one statement and writes only real changes. Rows are locked in key order, so two chunks
 * that touch the same recipients cannot deadlock.
 */
export interface Recipients {
  /** Keyed by `recipientKey`; unknown recipients are absent. Includes the profiles in `tenant_ids`. */
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
   * Applies edits in order (several may name the same recipient); outcomes are in the same order. Their recipients
   * include the profiles in `tenant_ids` and in the tenants that the edits name.
   */
  apply: (
    tx: Tx,
    workspace_id: number,
    edits: RecipientEdit[],
    tenant_ids?: readonly string[],
  ) => Promise<EditOutcome[]>;
  /** Gives a user what another one has; returns why not, or null. Both rows are locked by the caller. */
  takeOver: (tx: Tx, workspace_id: number, takeover: Takeover) => Promise<string | null>;
  parseIdentity: (channel: Channel, input: unknown, hints: IdentityHints) => IdentityResult;
}

export interface RecipientsDeps {
  ids: IdSource;
  parseIdentity: Recipients["parseIdentity"];
  /** Largest profile, as JSON in UTF-8, identities included. */
  max_profile_bytes: number;
}

export function createRecipients({ ids, parseIdentity, max_profile_bytes }: RecipientsDeps): Recipients {
  async function apply(
    tx: Tx,
    workspace_id: number,
    edits: RecipientEdit[],
    tenant_ids: readonly string[] = [],
  ): Promise<EditOutcome[]> {
    const edited = edits.flatMap(({ tenant_id }) => (tenant_id ? [tenant_id] : []));
    const wanted = [...tenant_ids, ...edited];
    const rules = { ...(await holdTenants(tx, workspace_id, edited)), parseIdentity, max_profile_bytes };
    const stored = await load(tx, workspace_id, edits, wanted);
    const missing = edits.filter(
      ({ create, tenant_id, ...key }) =>
        create && (!tenant_id || rules.known.has(tenant_id)) && !stored.has(recipientKey(key)),
    );
    const created = new Set<string>();
    for (const recipient of await insertMissing(tx, workspace_id, missing, ids)) {
      created.add(recipient.id);
      stored.set(recipientKey(recipient), recipient);
    }
    const concurrent = missing.filter((key) => !stored.has(recipientKey(key)));
    for (const [key, recipient] of await load(tx, workspace_id, concurrent, wanted))
      stored.set(key, recipient);
    const attempt = planEdits(edits, stored, rules);
    const finish = ({ outcomes }: Plan, updated: ReadonlyMap<string, Date> = new Map()) =>
      outcomes.map((outcome) => completed(outcome, { stored, created, updated }));
    if (attempt.changes.length === 0) return finish(attempt);
    // There are changes to write: lock those rows, and plan again from their current values. New ones are ours alone.
    const changed = new Map(attempt.changes.map(({ recipient }) => [recipient.id, recipient]));
    const touched = [...changed.values()].filter(({ id }) => !created.has(id));
    if (touched.length === 0)
      return finish(attempt, await writeChanges(tx, workspace_id, attempt.changes, ids));
    // In this order, each with a snapshot of its own: what is loaded is what the lock has waited for.
    const [locked, fresh] = await Promise.all([
      lock(tx, workspace_id, touched),
      load(tx, workspace_id, touched, wanted),
    ]);
    // A recipient was deleted meanwhile: start over.
    if (locked < touched.length) return apply(tx, workspace_id, edits, tenant_ids);
    for (const [key, recipient] of fresh) stored.set(key, recipient);
    const final = planEdits(edits, stored, rules);
    if (final.changes.length === 0) return finish(final);
    return finish(final, await writeChanges(tx, workspace_id, final.changes, ids));
  }

  return {
    parseIdentity,
    load,
    loadById,
    apply,
    takeOver: (tx, workspace_id, takeover) =>
      takeOver(tx, workspace_id, takeover, { ids, max_profile_bytes }),
  };
}

interface Written {
  /** The recipients as they were. */
  stored: ReadonlyMap<string, StoredRecipient>;
  created: ReadonlySet<string>;
  updated: ReadonlyMap<string, Date>;
}

/** The outcome as the next read shows it: with the times that the database has set, and in its order. */
function completed(outcome: EditOutcome, { stored, created, updated }: Written): EditOutcome {
  if (!outcome.ok || outcome.recipient === null) return outcome;
  const { recipient } = outcome;
  const updated_at = updated.get(recipient.id) ?? recipient.updated_at;
  const identities = inReadOrder(recipient.identities, stored.get(recipientKey(recipient))?.identities ?? []);
  return {
    ...outcome,
    created: created.has(recipient.id),
    recipient: { ...recipient, updated_at, identities },
  };
}

/** Reads are by age, then by key; what one transaction adds is of one age. */
function inReadOrder(after: StoredIdentity[], before: readonly StoredIdentity[]): StoredIdentity[] {
  const old = new Set(before.map(identityName));
  const isNew = (identity: StoredIdentity) => !old.has(identityName(identity));
  const added = after.filter(isNew);
  if (added.length < 2) return after;
  const kept = after.filter((identity) => !isNew(identity));
  return [
    ...kept,
    ...added.toSorted((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key))),
  ];
}
