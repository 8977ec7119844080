import type { IdentityHints, IdentityResult, StoredIdentity } from "../core/identity.ts";
import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { editProfile, type ProfileEdit } from "../core/profile-edit.ts";
import type { Operation } from "../core/profile-operations.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";

/**
 * Users and objects with their identities. Everything is in bulk: a chunk of triggers reads all its recipients in
 * one statement and writes only what really changed. Rows are locked in the order of their keys, so two chunks
 * that touch the same people cannot deadlock.
 */
export interface RecipientKey {
  /** Empty for users. */
  object_type: string;
  distinct_id: string;
}

export interface StoredRecipient extends RecipientKey {
  id: string;
  properties: JsonObject;
  identities: StoredIdentity[];
  created_at: Date;
  updated_at: Date;
}

export interface RecipientEdit extends RecipientKey {
  operations: Operation[];
  /** `strict`: the first refusal is the answer and nothing of this edit is applied. */
  mode: "strict" | "lenient";
  /** Whether naming a known address lifts its STOP or suppression: explicit edits yes, triggers no. */
  restore: boolean;
  /** Make the recipient when it is missing. */
  create: boolean;
}

export type EditOutcome =
  | { ok: true; recipient: StoredRecipient | null; edit: ProfileEdit | null }
  | { ok: false; error: string };

export interface Recipients {
  /** Keyed by `recipientKey`; who does not exist is absent. */
  load: (db: Queryable, workspace_id: number, keys: RecipientKey[]) => Promise<Map<string, StoredRecipient>>;
  loadById: (db: Queryable, workspace_id: number, ids: string[]) => Promise<Map<string, StoredRecipient>>;
  /** Applies edits in their order (several may name the same recipient); outcomes stand in the same order. */
  apply: (tx: Queryable, workspace_id: number, edits: RecipientEdit[]) => Promise<EditOutcome[]>;
  parseIdentity: (channel: Channel, input: unknown, hints: IdentityHints) => IdentityResult;
}

export interface RecipientsDeps {
  ids: IdSource;
  parseIdentity: Recipients["parseIdentity"];
}

/** The null character is in no id, and so no two recipients have one key. */
export function recipientKey({ object_type, distinct_id }: RecipientKey): string {
  return `${object_type}\u0000${distinct_id}`;
}

const TOKEN_LOCK = 4_150_915;
const TOKEN_BUCKETS = 128;

export function createRecipients({ ids, parseIdentity }: RecipientsDeps): Recipients {
  function plan(recipient: StoredRecipient, { operations, mode, restore }: RecipientEdit) {
    return editProfile(recipient, operations, { parseIdentity, mode, restore });
  }

  /** Applies in memory; returns outcomes and, for each recipient, its last state. */
  function applyAll(edits: RecipientEdit[], stored: Map<string, StoredRecipient>) {
    const current = new Map(stored);
    const changes = new Map<string, Change>();
    const outcomes = edits.map((edit, order): EditOutcome => {
      const key = recipientKey(edit);
      const recipient = current.get(key);
      if (recipient === undefined) return { ok: true, recipient: null, edit: null };
      if (edit.operations.length === 0) return { ok: true, recipient, edit: null };
      const result = plan(recipient, edit);
      if (!result.ok) return { ok: false, error: result.error };
      const { properties_changed, upserted, removed, profile } = result.edit;
      if (properties_changed || upserted.length > 0 || removed.length > 0) {
        const next = { ...recipient, properties: profile.properties, identities: [...profile.identities] };
        current.set(key, next);
        noteChange(changes, key, next, result.edit, order);
        return { ok: true, recipient: next, edit: result.edit };
      }
      return { ok: true, recipient, edit: result.edit };
    });
    return { outcomes, changes };
  }

  async function apply(tx: Queryable, workspace_id: number, edits: RecipientEdit[]): Promise<EditOutcome[]> {
    const stored = await load(tx, workspace_id, edits);
    const missing = edits.filter((edit) => edit.create && !stored.has(recipientKey(edit)));
    if (missing.length > 0) {
      await insertMissing(tx, workspace_id, missing, ids);
      for (const [key, recipient] of await load(tx, workspace_id, missing)) stored.set(key, recipient);
    }
    const attempt = applyAll(edits, stored);
    if (attempt.changes.size === 0) return attempt.outcomes;
    // Something is to be written: lock those rows, and look again at what they hold now.
    const touched = [...attempt.changes.values()].map(({ recipient }) => recipient);
    const locked = await lock(tx, workspace_id, touched);
    // Somebody was deleted meanwhile: from the start.
    if (locked < touched.length) return apply(tx, workspace_id, edits);
    for (const [key, recipient] of await load(tx, workspace_id, touched)) stored.set(key, recipient);
    const final = applyAll(edits, stored);
    if (final.changes.size > 0) await write(tx, workspace_id, [...final.changes.values()]);
    return final.outcomes;
  }

  return { parseIdentity, load, loadById, apply };
}

/** What one recipient's edits come to. */
interface Change {
  recipient: StoredRecipient;
  properties: boolean;
  upserted: Map<string, UpsertedIdentity>;
  removed: Map<string, StoredIdentity>;
}

interface UpsertedIdentity {
  recipient: StoredRecipient;
  identity: StoredIdentity;
  /** Of the edit among its batch. */
  order: number;
}

function noteChange(
  changes: Map<string, Change>,
  key: string,
  recipient: StoredRecipient,
  edit: ProfileEdit,
  order: number,
): void {
  const change = changes.get(key) ?? {
    recipient,
    properties: false,
    upserted: new Map(),
    removed: new Map(),
  };
  change.recipient = recipient;
  change.properties ||= edit.properties_changed;
  for (const identity of edit.upserted) {
    const name = identityName(identity);
    change.removed.delete(name);
    change.upserted.set(name, { recipient, identity, order });
  }
  for (const identity of edit.removed) {
    const name = identityName(identity);
    change.upserted.delete(name);
    change.removed.set(name, identity);
  }
  changes.set(key, change);
}

function identityName({ channel, key }: StoredIdentity): string {
  return `${channel} ${key}`;
}

const COLUMNS = `r.id, r.object_type, r.distinct_id, r.properties, r.created_at, r.updated_at,
  coalesce((select json_agg(json_build_object('channel', i.channel, 'provider', i.provider, 'key', i.key,
      'value', i.value, 'device_id', i.device_id, 'bundle_id', i.bundle_id, 'status', i.status,
      'perma_status', case when i.perma_until < now() then 'active' else i.perma_status end)
      order by i.created_at, i.key)
    from identity i where i.workspace_id = r.workspace_id and i.recipient_id = r.id and i.tenant_id = ''), '[]')
  as identities`;

async function load(
  db: Queryable,
  workspace_id: number,
  keys: RecipientKey[],
): Promise<Map<string, StoredRecipient>> {
  if (keys.length === 0) return new Map();
  const unique = [...new Map(keys.map((key) => [recipientKey(key), key])).values()];
  const rows = await db.query<StoredRecipient>(
    `select ${COLUMNS}
       from unnest($2::text[], $3::text[]) as k(object_type, distinct_id)
       join recipient r on r.workspace_id = $1 and r.object_type = k.object_type and r.distinct_id = k.distinct_id`,
    [workspace_id, unique.map((key) => key.object_type), unique.map((key) => key.distinct_id)],
    "recipients_load",
  );
  return new Map(rows.map((row) => [recipientKey(row), row]));
}

/**
 * Locks rows in the order of their keys; returns how many there still are. A statement of its own: one that waits
 * for a lock sees the newest row but its identities as they were before it waited, and would write an old profile
 * back over them.
 */
async function lock(db: Queryable, workspace_id: number, keys: RecipientKey[]): Promise<number> {
  const rows = await db.query(
    `select 1 from recipient r
       join unnest($2::text[], $3::text[]) as k(object_type, distinct_id)
         on r.object_type = k.object_type and r.distinct_id = k.distinct_id
      where r.workspace_id = $1
      order by r.object_type, r.distinct_id for no key update of r`,
    [workspace_id, keys.map((key) => key.object_type), keys.map((key) => key.distinct_id)],
    "recipients_lock",
  );
  return rows.length;
}

async function loadById(
  db: Queryable,
  workspace_id: number,
  ids: string[],
): Promise<Map<string, StoredRecipient>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<StoredRecipient>(
    `select ${COLUMNS} from recipient r where r.workspace_id = $1 and r.id = any($2)`,
    [workspace_id, ids],
    "recipients_load_by_id",
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** In key order; who was made by somebody else in the meantime is simply there already. */
async function insertMissing(
  tx: Queryable,
  workspace_id: number,
  missing: RecipientKey[],
  ids: IdSource,
): Promise<void> {
  const unique = [...new Map(missing.map((key) => [recipientKey(key), key])).values()];
  await tx.query(
    `insert into recipient (workspace_id, id, object_type, distinct_id)
     select $1, id, object_type, distinct_id from unnest($2::text[], $3::text[], $4::text[]) as n(id, object_type, distinct_id)
      order by object_type collate "C", distinct_id collate "C"
     on conflict (workspace_id, object_type, distinct_id) do nothing`,
    [
      workspace_id,
      unique.map(() => ids.ulid()),
      unique.map((key) => key.object_type),
      unique.map((key) => key.distinct_id),
    ],
    "recipients_insert",
  );
}

async function write(tx: Queryable, workspace_id: number, changes: Change[]): Promise<void> {
  const upserted = changes.flatMap((change) => [...change.upserted.values()]);
  const tokens = tokenOwners(upserted);
  if (tokens.length > 0) await lockTokens(tx, workspace_id, tokens);
  await tx.query(
    `update recipient r set properties = coalesce(c.properties::jsonb, r.properties), updated_at = now()
       from unnest($2::text[], $3::text[]) as c(id, properties)
      where r.workspace_id = $1 and r.id = c.id`,
    [
      workspace_id,
      changes.map(({ recipient }) => recipient.id),
      changes.map(({ recipient, properties }) => (properties ? JSON.stringify(recipient.properties) : null)),
    ],
    "recipients_update",
  );
  const removed = changes.flatMap(({ recipient, removed }) =>
    [...removed.values()].map((identity) => ({ recipient, identity })),
  );
  if (removed.length > 0) {
    await tx.query(
      `delete from identity i using unnest($2::text[], $3::text[], $4::text[]) as d(recipient_id, channel, key)
        where i.workspace_id = $1 and i.tenant_id = '' and i.recipient_id = d.recipient_id
          and i.channel = d.channel and i.key = d.key`,
      [
        workspace_id,
        removed.map(({ recipient }) => recipient.id),
        removed.map(({ identity }) => identity.channel),
        removed.map(({ identity }) => identity.key),
      ],
    );
  }
  if (upserted.length > 0) await upsertIdentities(tx, workspace_id, upserted);
  if (tokens.length > 0) await disownTokens(tx, workspace_id, tokens);
}

/** Who has each push token of a batch from now on: the one whose edit named it last. */
function tokenOwners(upserted: UpsertedIdentity[]): UpsertedIdentity[] {
  const owners = new Map<string, UpsertedIdentity>();
  for (const one of upserted) {
    const { channel, status } = one.identity;
    if (!channel.endsWith("push") || status !== "active") continue;
    const name = identityName(one.identity);
    const other = owners.get(name);
    if (other === undefined || other.order < one.order) owners.set(name, one);
  }
  return [...owners.values()];
}

/**
 * Two people who append one token at the same time do not see each other's row, so the rows cannot be what they
 * wait for. The locks are a fixed number of buckets a workspace, taken in order and before any identity is written:
 * however large a batch, it neither deadlocks nor fills the lock table.
 */
async function lockTokens(tx: Queryable, workspace_id: number, tokens: UpsertedIdentity[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(${TOKEN_LOCK}, $1 * ${TOKEN_BUCKETS} + bucket)
       from (select distinct abs(hashtext(name) % ${TOKEN_BUCKETS}) as bucket from unnest($2::text[]) as name
              order by bucket) as buckets`,
    [workspace_id, tokens.map(({ identity }) => identityName(identity))],
    "tokens_lock",
  );
}

async function upsertIdentities(
  tx: Queryable,
  workspace_id: number,
  upserted: UpsertedIdentity[],
): Promise<void> {
  await tx.query(
    `insert into identity (workspace_id, recipient_id, channel, provider, key, value, device_id, bundle_id, status, perma_status)
     select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::text[], $9::text[], $10::text[]) as u
     on conflict (workspace_id, recipient_id, tenant_id, channel, key) do update
        set provider = excluded.provider, value = excluded.value, device_id = excluded.device_id,
            bundle_id = excluded.bundle_id, status = excluded.status, perma_status = excluded.perma_status,
            perma_until = case when excluded.perma_status = 'active' then null else identity.perma_until end,
            updated_at = now()`,
    [
      workspace_id,
      upserted.map(({ recipient }) => recipient.id),
      upserted.map(({ identity }) => identity.channel),
      upserted.map(({ identity }) => identity.provider),
      upserted.map(({ identity }) => identity.key),
      upserted.map(({ identity }) => JSON.stringify(identity.value)),
      upserted.map(({ identity }) => identity.device_id),
      upserted.map(({ identity }) => identity.bundle_id),
      upserted.map(({ identity }) => identity.status),
      upserted.map(({ identity }) => identity.perma_status),
    ],
    "identities_upsert",
  );
}

/** A token that moved to another person's profile is that person's now: a shared device must not get both's. */
async function disownTokens(tx: Queryable, workspace_id: number, tokens: UpsertedIdentity[]): Promise<void> {
  await tx.query(
    `update identity i set status = 'inactive', updated_at = now()
       from unnest($2::text[], $3::text[], $4::text[]) as p(recipient_id, channel, key)
      where i.workspace_id = $1 and i.channel = p.channel and i.key = p.key and i.recipient_id <> p.recipient_id
        and i.channel in ('androidpush', 'iospush', 'webpush') and i.status = 'active'`,
    [
      workspace_id,
      tokens.map(({ recipient }) => recipient.id),
      tokens.map(({ identity }) => identity.channel),
      tokens.map(({ identity }) => identity.key),
    ],
  );
}
