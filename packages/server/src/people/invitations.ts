import type { Grant } from "../core/people/roles.ts";
import { storableJson } from "../core/text/text.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import { type IdSource, randomToken } from "../ids.ts";
import { hashToken } from "../workspaces/crypto.ts";

/** Invitations, good for a day (platform.md 11). Their link is shown to who invites, and mailed where mail can be sent. */
export const INVITATION_HOURS = 24;

export interface Invitation {
  id: string;
  email: string;
  name: string;
  roles: Grant[];
  invited_by: string;
  created_at: Date;
  expires_at: Date;
  is_expired: boolean;
}

const COLUMNS =
  "id, email, name, roles, invited_by, created_at, expires_at, expires_at < now() as is_expired";
const OPEN = "accepted_at is null and cancelled_at is null";

export function listInvitations(db: Queryable): Promise<Invitation[]> {
  return db.query<Invitation>(`select ${COLUMNS} from invitation where ${OPEN} order by id desc`);
}

export async function findInvitation(db: Queryable, id: string): Promise<Invitation | null> {
  const [row] = await db.query<Invitation>(`select ${COLUMNS} from invitation where id = $1 and ${OPEN}`, [
    id,
  ]);
  return row ?? null;
}

/** Throws `conflict` for an address that has access, or an open invitation. */
export async function invite(
  tx: Tx,
  ids: IdSource,
  { email, name, grants, by }: { email: string; name: string; grants: readonly Grant[]; by: string },
): Promise<{ id: string; token: string }> {
  const known = await tx.query("select 1 from member where email = $1 and state = 'active'", [email]);
  if (known.length > 0) throw new AppError("conflict", `'${email}' is already a part of your organization`);
  const token = randomToken(32);
  const [row] = await tx.query<{ id: string }>(
    `insert into invitation (id, hash, email, name, roles, invited_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7))
     on conflict (email) where ${OPEN} do nothing returning id`,
    [`inv_${ids.ulid()}`, hashToken(token), email, name, storableJson(grants), by, INVITATION_HOURS],
  );
  if (row === undefined) {
    throw new AppError("conflict", `'${email}' has an open invitation: send it again, or cancel it first`);
  }
  return { id: row.id, token };
}

/** A new link, good for a day; the old one is dead. Null: there is no open invitation of this id. */
export async function renewInvitation(tx: Tx, id: string): Promise<string | null> {
  const token = randomToken(32);
  const renewed = await tx.query(
    `update invitation set hash = $2, expires_at = now() + make_interval(hours => $3) where id = $1 and ${OPEN} returning 1`,
    [id, hashToken(token), INVITATION_HOURS],
  );
  return renewed.length === 0 ? null : token;
}

export async function cancelInvitation(tx: Tx, id: string): Promise<boolean> {
  const cancelled = await tx.query(
    `update invitation set cancelled_at = now() where id = $1 and ${OPEN} returning 1`,
    [id],
  );
  return cancelled.length > 0;
}

/** Whom a link invites; null if it is not good any more. */
export async function openInvitation(db: Queryable, token: string): Promise<Invitation | null> {
  const [row] = await db.query<Invitation>(
    `select ${COLUMNS} from invitation where hash = $1 and ${OPEN} and expires_at > now()`,
    [hashToken(token)],
  );
  return row ?? null;
}

/** Uses a link up. Null: it is not good any more. */
export async function acceptInvitation(tx: Tx, token: string): Promise<Invitation | null> {
  const [row] = await tx.query<Invitation>(
    `update invitation set accepted_at = now() where hash = $1 and ${OPEN} and expires_at > now() returning ${COLUMNS}`,
    [hashToken(token)],
  );
  return row ?? null;
}
