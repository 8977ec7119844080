import { createPublicKey as readPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { type ExpressionBuilder, sql } from "kysely";
import { storableJson } from "../core/text/text.ts";
import type { Queryable } from "../db/db.ts";
import type { Tables } from "../db/tables.gen.ts";
import { type IdSource, randomToken } from "../ids.ts";
import { hashToken } from "./crypto.ts";

/**
 * The keys of a workspace: API keys, which servers hold, public keys, which apps hold, and signing keys, with which a
 * customer's server proves to us who uses an app. Secrets are returned once, by what makes them.
 */

/** Who does something; null: a command on the server. */
export type Actor = { name: string; email: string } | null;

export interface NewKey {
  name: string;
  description: string | null;
}

const written = (actor: Actor) => (actor === null ? null : storableJson(actor));

export async function createApiKey(
  db: Queryable,
  workspace_id: number,
  { name, description }: NewKey,
  actor: Actor,
  ids: IdSource,
): Promise<{ id: string; api_key: string }> {
  const api_key = `SS.${randomToken(32)}`;
  const id = `ws_apik_${ids.ulid()}`;
  await db.kysely
    .insertInto("api_key")
    .values({
      workspace_id,
      id,
      name,
      description,
      hash: hashToken(api_key),
      masked: `${api_key.slice(0, 10)}*****`,
      created_by: written(actor),
    })
    .execute();
  return { id, api_key };
}

/** False: no such key is in use. */
export async function deleteApiKey(
  db: Queryable,
  workspace_id: number,
  id: string,
  actor: Actor,
): Promise<boolean> {
  const gone = await db.kysely
    .updateTable("api_key")
    .set({ deleted_at: sql<Date>`now()`, deleted_by: written(actor) })
    .where("workspace_id", "=", workspace_id)
    .where("id", "=", id)
    .where("deleted_at", "is", null)
    .returning("id")
    .execute();
  return gone.length > 0;
}

const newPublicKey = () => `SS.PUBK.${randomToken(32)}`;

/** Every workspace has one that is called the default. */
export async function createPublicKey(
  db: Queryable,
  workspace_id: number,
  { name, description }: NewKey,
  { actor, is_default = false }: { actor: Actor; is_default?: boolean },
  ids: IdSource,
): Promise<string> {
  const id = `ws_pubk_${ids.ulid()}`;
  const api_key = newPublicKey();
  await db.kysely
    .insertInto("public_key")
    .values({ workspace_id, id, api_key, name, description, is_default, created_by: written(actor) })
    .execute();
  return id;
}

export interface PublicKeyChange {
  /** Whether apps must also send a token signed by a signing key. */
  is_secure_mode_enabled?: boolean | undefined;
  /** Which pages may use it; null: any. */
  allowed_domains?: string[] | null | undefined;
  /** A new value under the same id; the old one is taken until then, or with null no longer. */
  rotate?: { old_expiry_at: Date | null };
  delete?: boolean;
}

/** False: no such key is in use. */
export async function changePublicKey(
  db: Queryable,
  workspace_id: number,
  id: string,
  change: PublicKeyChange,
  actor: Actor,
): Promise<boolean> {
  const now = sql<Date>`now()`;
  const changed = await db.kysely
    .updateTable("public_key")
    .set({
      is_secure_mode_enabled: change.is_secure_mode_enabled,
      allowed_domains: change.allowed_domains,
      ...(change.rotate === undefined
        ? {}
        : {
            api_key: newPublicKey(),
            old_api_key: change.rotate.old_expiry_at === null ? null : sql<string>`api_key`,
            old_expiry_at: change.rotate.old_expiry_at,
            rotated_at: now,
            rotated_by: written(actor),
          }),
      ...(change.delete === true ? { deleted_at: now } : {}),
      updated_at: now,
      updated_by: written(actor),
    })
    .where("workspace_id", "=", workspace_id)
    .where("id", "=", id)
    .where("deleted_at", "is", null)
    .returning("id")
    .execute();
  return changed.length > 0;
}

/** A public key that is in use, as a client names it. */
export interface ClientKey {
  workspace_id: number;
  id: string;
  is_secure_mode_enabled: boolean;
  allowed_domains: string[] | null;
  /** Until when this value of it is taken; null: until it is rotated. */
  valid_until: Date | null;
}

export async function findPublicKey(db: Queryable, api_key: string): Promise<ClientKey | null> {
  const [row] = await db.query<ClientKey>(
    `select workspace_id, id, is_secure_mode_enabled, allowed_domains,
            case when api_key = $1 then null else old_expiry_at end as valid_until
       from public_key
      where (api_key = $1 or old_api_key = $1) and deleted_at is null`,
    [api_key],
    "public_key_find",
  );
  return row ?? null;
}

/** The half of a signing key that verifies. */
export interface VerifyingKey {
  id: string;
  key: KeyObject;
  /** Until when what it has signed is valid; null: for as long as the token says. */
  valid_until: Date | null;
}

/** The active key first, then those that were rolled and have not been told to expire at once. */
export async function listVerifyingKeys(db: Queryable, workspace_id: number): Promise<VerifyingKey[]> {
  const rows = await db.query<{ id: string; public_key: string; valid_until: Date | null }>(
    `select id, public_key, case when status = 'active' then null else expiry_at end as valid_until
       from signing_key
      where workspace_id = $1 and deleted_at is null and (status = 'active' or expiry_at is not null)
      order by status, rolled_at desc`,
    [workspace_id],
    "signing_keys_list",
  );
  return rows.map(({ public_key, ...row }) => ({ ...row, key: readPublicKey(public_key) }));
}

const generate = promisify(generateKeyPair);

export interface NewSigningKey {
  id: string;
  private_key_pem: string;
}

/** ES256: P-256. Null: the workspace has an active key already. */
export async function createSigningKey(
  db: Queryable,
  workspace_id: number,
  actor: Actor,
  ids: IdSource,
): Promise<NewSigningKey | null> {
  const { publicKey, privateKey } = await generate("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const id = `ws_signk_${ids.ulid()}`;
  // The uid is the time in seconds: of two keys of one second the second one is dated after the first.
  const made = await db.query<{ id: string }>(
    `insert into signing_key (workspace_id, id, uid, public_key, created_by)
     select $1, $2, to_char(greatest(now() at time zone 'UTC', max(to_timestamp(substr(k.uid, 13), 'YYYYMMDD"T"HH24MISS')::timestamp
                                                                + interval '1 second')), '"signing_key_"YYYYMMDD"T"HH24MISS'), $3, $4
       from signing_key k where k.workspace_id = $1
     on conflict (workspace_id) where status = 'active' and deleted_at is null do nothing
     returning id`,
    [workspace_id, id, publicKey, written(actor)],
  );
  return made.length === 0 ? null : { id, private_key_pem: privateKey };
}

/**
 * Replaces the active key `uid`; what the old one has signed stays valid until `expiry_at`, or not at all. False: the
 * key is not active.
 */
export async function retireSigningKey(
  tx: Queryable,
  workspace_id: number,
  uid: string,
  expiry_at: Date | null,
  actor: Actor,
): Promise<boolean> {
  const rolled = await tx.kysely
    .updateTable("signing_key")
    .set({ status: "rolled", expiry_at, rolled_at: sql<Date>`now()`, rolled_by: written(actor) })
    .where((eb) => isInUse(eb, workspace_id, uid))
    .where("status", "=", "active")
    .returning("id")
    .execute();
  return rolled.length > 0;
}

/** What it has signed is invalid at once. False: no such key is in use. */
export async function deleteSigningKey(
  db: Queryable,
  workspace_id: number,
  uid: string,
  actor: Actor,
): Promise<boolean> {
  const gone = await db.kysely
    .updateTable("signing_key")
    .set({ deleted_at: sql<Date>`now()`, deleted_by: written(actor) })
    .where((eb) => isInUse(eb, workspace_id, uid))
    .returning("id")
    .execute();
  return gone.length > 0;
}

function isInUse(eb: ExpressionBuilder<Tables, "signing_key">, workspace_id: number, uid: string) {
  return eb.and([eb("workspace_id", "=", workspace_id), eb("uid", "=", uid), eb("deleted_at", "is", null)]);
}
