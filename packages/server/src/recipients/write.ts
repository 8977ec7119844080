import { storableJson } from "../core/text/text.ts";
import { LOCKS } from "../db/locks.ts";
import { CHANNELS, isPush } from "../core/channel.ts";
import { identityName } from "../core/profile/identity.ts";
import { insertAll, int, json, rowsOf, sqlNames, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Change, UpsertedIdentity } from "./plan.ts";
import { type RecipientKey, type StoredRecipient, uniqueKeys } from "./recipient.ts";

/*
 * Writes the result of a batch of edits: one statement per table. The recipients' rows are already locked, which also
 * protects everything that belongs to them.
 */

/** Inserts in key order; returns those that are new. Others were created concurrently, and exist by then. */
export async function insertMissing(
  tx: Queryable,
  workspace_id: number,
  missing: readonly RecipientKey[],
  ids: IdSource,
): Promise<StoredRecipient[]> {
  const made = await insertAll<"recipient", RecipientKey, Omit<StoredRecipient, keyof typeof EMPTY>>(
    tx,
    "recipient",
    uniqueKeys(missing),
    {
      workspace_id: int(() => workspace_id),
      id: text(() => ids.ulid()),
      object_type: text((key) => key.object_type),
      distinct_id: text((key) => key.distinct_id),
    },
    `order by object_type collate "C", distinct_id collate "C"
     on conflict (workspace_id, object_type, distinct_id) do nothing
     returning id, object_type, distinct_id, created_at, updated_at`,
  );
  return made.map((row) => ({ ...EMPTY, ...row }));
}

/** What a recipient begins with. */
const EMPTY = { properties: {}, identities: [], tenant_profiles: [], tenant_count: 0 };

/** Returns the times at which the recipients were changed, by their ids. */
export async function writeChanges(
  tx: Queryable,
  workspace_id: number,
  changes: Change[],
  ids: IdSource,
): Promise<Map<string, Date>> {
  const upserted = changes.flatMap((change) => [...change.upserted.values()]);
  const tokens = tokenOwners(upserted);
  if (tokens.length > 0) await lockTokens(tx, workspace_id, tokens);
  const tenanted = changes.filter(({ tenant_id }) => tenant_id !== "");
  // In this order, without waiting for one before the next is sent.
  const [updated] = await Promise.all([
    updateRecipients(tx, workspace_id, changes),
    upsertTenantProfiles(tx, workspace_id, tenanted, ids),
    deleteIdentities(tx, workspace_id, changes),
    upsertIdentities(tx, workspace_id, upserted),
    tokens.length > 0 ? disownTokens(tx, workspace_id, tokens) : undefined,
  ]);
  return updated;
}

/** Any change, also in a tenant, updates `updated_at`. */
async function updateRecipients(
  tx: Queryable,
  workspace_id: number,
  changes: Change[],
): Promise<Map<string, Date>> {
  const properties = new Map<string, string | null>();
  for (const { recipient, tenant_id, profile, properties_changed } of changes) {
    if (tenant_id === "" && properties_changed) {
      properties.set(recipient.id, storableJson(profile.properties));
    } else if (!properties.has(recipient.id)) properties.set(recipient.id, null);
  }
  const { from, values, next } = rowsOf("c", [...properties], {
    id: text(([id]) => id),
    properties: text(([, json]) => json),
  });
  const rows = await tx.query<{ id: string; updated_at: Date }>(
    `update recipient r set properties = coalesce(c.properties::jsonb, r.properties), updated_at = now()
       from ${from}
      where r.workspace_id = $${next} and r.id = c.id
     returning r.id, r.updated_at`,
    [...values, workspace_id],
    "recipients_update",
  );
  return new Map(rows.map(({ id, updated_at }) => [id, updated_at]));
}

async function upsertTenantProfiles(
  tx: Queryable,
  workspace_id: number,
  changes: Change[],
  ids: IdSource,
): Promise<void> {
  await insertAll(
    tx,
    "tenant_profile",
    changes,
    {
      workspace_id: int(() => workspace_id),
      recipient_id: text(({ recipient }) => recipient.id),
      tenant_id: text(({ tenant_id }) => tenant_id),
      id: text(() => ids.ulid()),
      properties: json(({ profile }) => profile.properties),
    },
    `on conflict (workspace_id, recipient_id, tenant_id) do update
        set properties = excluded.properties, updated_at = now()`,
  );
}

async function deleteIdentities(tx: Queryable, workspace_id: number, changes: Change[]): Promise<void> {
  const removed = changes.flatMap(({ recipient, tenant_id, removed }) =>
    [...removed.values()].map((identity) => ({ recipient, tenant_id, identity })),
  );
  if (removed.length === 0) return;
  const { from, values, next } = rowsOf("d", removed, {
    recipient_id: text(({ recipient }) => recipient.id),
    tenant_id: text(({ tenant_id }) => tenant_id),
    channel: text(({ identity }) => identity.channel),
    key: text(({ identity }) => identity.key),
  });
  await tx.query(
    `delete from identity i
      using ${from}
      where i.workspace_id = $${next} and i.recipient_id = d.recipient_id and i.tenant_id = d.tenant_id
        and i.channel = d.channel and i.key = d.key`,
    [...values, workspace_id],
    "identities_delete",
  );
}

const TOKEN_BUCKETS = 128;

/** The new owner of each push token in a batch: the recipient whose edit named it last. */
function tokenOwners(upserted: UpsertedIdentity[]): UpsertedIdentity[] {
  const owners = new Map<string, UpsertedIdentity>();
  for (const one of upserted) {
    const { channel, status } = one.identity;
    if (!isPush(channel) || status !== "active") continue;
    const name = identityName(one.identity);
    const other = owners.get(name);
    if (other === undefined || other.order < one.order) owners.set(name, one);
  }
  return [...owners.values()];
}

/**
 * Two recipients that append one token at the same time do not see each other's row, so they cannot wait on rows. The
 * locks are a fixed number of buckets per workspace, taken in order and before any identity is written: however large a
 * batch, it neither deadlocks nor fills the lock table.
 */
async function lockTokens(tx: Queryable, workspace_id: number, tokens: UpsertedIdentity[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(${LOCKS.push_tokens}, $1 * ${TOKEN_BUCKETS} + bucket)
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
  await insertAll(
    tx,
    "identity",
    upserted,
    {
      workspace_id: int(() => workspace_id),
      recipient_id: text(({ recipient }) => recipient.id),
      tenant_id: text(({ tenant_id }) => tenant_id),
      channel: text(({ identity }) => identity.channel),
      provider: text(({ identity }) => identity.provider),
      key: text(({ identity }) => identity.key),
      value: json(({ identity }) => identity.value),
      device_id: text(({ identity }) => identity.device_id),
      bundle_id: text(({ identity }) => identity.bundle_id),
      status: text(({ identity }) => identity.status),
      perma_status: text(({ identity }) => identity.perma_status),
    },
    `on conflict (workspace_id, recipient_id, tenant_id, channel, key) do update
        set provider = excluded.provider, value = excluded.value, device_id = excluded.device_id,
            bundle_id = excluded.bundle_id, status = excluded.status, perma_status = excluded.perma_status,
            perma_until = case when excluded.perma_status = 'active' then null else identity.perma_until end,
            updated_at = now()`,
  );
}

/** As the predicate of `identity_push_token` has them, so that it is used. */
const PUSH_CHANNELS = sqlNames(CHANNELS.filter(isPush));

/**
 * A token that moved to another person's profile now belongs to that person, whatever the tenants: a shared device must
 * not receive the notifications of both.
 */
async function disownTokens(tx: Queryable, workspace_id: number, tokens: UpsertedIdentity[]): Promise<void> {
  const { from, values, next } = rowsOf("p", tokens, {
    recipient_id: text(({ recipient }) => recipient.id),
    channel: text(({ identity }) => identity.channel),
    key: text(({ identity }) => identity.key),
  });
  await tx.query(
    `update identity i set status = 'inactive', updated_at = now()
       from ${from}
      where i.workspace_id = $${next} and i.channel = p.channel and i.key = p.key and i.recipient_id <> p.recipient_id
        and i.channel in (${PUSH_CHANNELS}) and i.status = 'active'`,
    [...values, workspace_id],
    "tokens_disown",
  );
}
