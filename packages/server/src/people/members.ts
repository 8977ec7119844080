import type { Grant, Role } from "../core/people/roles.ts";
import { storableJson } from "../core/text/text.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { LOCKS } from "../db/locks.ts";
import { AppError } from "../errors.ts";
import type { IdSource } from "../ids.ts";

/** Who has access, and their roles. There is always an active Admin of everything, once there was one. */
export interface Member {
  id: string;
  email: string;
  name: string;
  state: "active" | "deactivated";
  has_password: boolean;
  has_totp: boolean;
  created_at: Date;
  last_seen_at: Date | null;
  grants: Grant[];
}

const COLUMNS = `m.id, m.email, m.name, m.state, m.password_hash is not null as has_password, m.totp_enabled_at is not null as has_totp,
  m.created_at, m.last_seen_at,
  coalesce((select json_agg(json_build_object('workspace_id', r.workspace_id, 'role', r.role) order by r.workspace_id nulls first)
              from member_role r where r.member_id = m.id), '[]') as grants`;

/** As people sign in by it. */
export function emailOf(text: string): string {
  return text.trim().toLowerCase();
}

export async function findMember(db: Queryable, id: string): Promise<Member | null> {
  const [row] = await db.query<Member>(`select ${COLUMNS} from member m where m.id = $1`, [id]);
  return row ?? null;
}

export async function findMemberByEmail(db: Queryable, email: string): Promise<Member | null> {
  const [row] = await db.query<Member>(`select ${COLUMNS} from member m where m.email = $1`, [email]);
  return row ?? null;
}

/** Oldest first. */
export function listMembers(
  db: Queryable,
  search: string | null,
  { limit, offset }: { limit: number; offset: number },
): Promise<(Member & { count: number })[]> {
  return db.query<Member & { count: number }>(
    `select ${COLUMNS}, count(*) over ()::int as count from member m
      where $1::text is null or strpos(m.email, lower($1)) > 0 or strpos(lower(m.name), lower($1)) > 0
      order by m.created_at, m.id limit $2 offset $3`,
    [search, limit, offset],
  );
}

/** Makes a member, or brings one back who was deactivated. Null: somebody active signs in by this address. */
export async function addMember(
  tx: Tx,
  ids: IdSource,
  { email, name, grants }: { email: string; name: string; grants: readonly Grant[] },
): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `insert into member as m (id, email, name) values ($1, $2, $3)
     on conflict (email) do update set state = 'active', name = excluded.name where m.state = 'deactivated'
     returning id`,
    [`mbr_${ids.ulid()}`, email, name],
  );
  if (row === undefined) return null;
  await setGrants(tx, row.id, grants);
  return row.id;
}

/** Replaces the roles. Throws `conflict` if nobody would be Admin of everything any more. */
export async function replaceGrants(tx: Tx, member_id: string, grants: readonly Grant[]): Promise<void> {
  await guardLastAdmin(tx, async () => setGrants(tx, member_id, grants));
}

async function setGrants(tx: Tx, member_id: string, grants: readonly Grant[]): Promise<void> {
  await tx.query("delete from member_role where member_id = $1", [member_id]);
  await tx.query(
    `insert into member_role (member_id, workspace_id, role)
     select $1, g.workspace_id, g.role from json_to_recordset($2) as g (workspace_id integer, role text)`,
    [member_id, storableJson(grants)],
  );
}

/** Ends all access of a member at once. Throws `conflict` for the last Admin of everything. */
export async function deactivateMember(tx: Tx, member_id: string): Promise<void> {
  await guardLastAdmin(tx, async () => {
    await tx.query("update member set state = 'deactivated', password_hash = null where id = $1", [
      member_id,
    ]);
    await tx.query("delete from session where member_id = $1", [member_id]);
  });
}

/** Whom the first visit on this machine signs in as, before anybody has a name. */
export const OWNER = { email: "owner@localhost", name: "Owner" } as const;

/** Whether there is an Admin of everything who can sign in from elsewhere than this machine. */
export async function hasNamedAdmin(db: Queryable): Promise<boolean> {
  const found = await db.query(
    `select 1 from member m join member_role r on r.member_id = m.id
      where m.state = 'active' and r.workspace_id is null and r.role = 'admin'
        and (m.email <> $1 or m.password_hash is not null) limit 1`,
    [OWNER.email],
  );
  return found.length > 0;
}

async function hasAdmin(db: Queryable): Promise<boolean> {
  const found = await db.query(
    `select 1 from member m join member_role r on r.member_id = m.id
      where m.state = 'active' and r.workspace_id is null and r.role = 'admin' limit 1`,
  );
  return found.length > 0;
}

async function guardLastAdmin(tx: Tx, change: () => Promise<void>): Promise<void> {
  // Two admins who take each other's role must not both succeed.
  await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.last_admin]);
  const had = await hasAdmin(tx);
  await change();
  if (had && !(await hasAdmin(tx))) {
    throw new AppError(
      "conflict",
      "nobody would be Admin of all workspaces any more: give that role to somebody else first",
    );
  }
}

/** The role of a member in a workspace changes; the others stay. Null takes it away. */
export function withGrant(grants: readonly Grant[], workspace_id: number | null, role: Role | null): Grant[] {
  const others = grants.filter((grant) => grant.workspace_id !== workspace_id);
  return role === null ? others : [...others, { workspace_id, role }];
}
