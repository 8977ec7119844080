import type { Grant } from "../core/people/roles.ts";
import { cut, storable } from "../core/text/text.ts";
import type { Db, Queryable } from "../db/db.ts";
import { type IdSource, randomToken } from "../ids.ts";
import { hashToken } from "../workspaces/crypto.ts";

/**
 * Sessions: what a cookie has is random, and only its hash is stored. Who a session is and what they may do is read
 * from the database with every request: a role that is taken away is gone at once, on every node.
 */
export interface SignedIn {
  session_id: string;
  member_id: string;
  email: string;
  name: string;
  grants: Grant[];
}

export type Method = "local" | "password" | "code" | "passkey" | "setup" | "invitation";

export interface Browser {
  address: string;
  user_agent: string;
}

export interface SessionLife {
  idle_seconds: number;
  seconds: number;
}

export interface NewSession {
  token: string;
  session_id: string;
}

const MAX_USER_AGENT = 400;

/** Always a new token: a session that somebody else planted in the browser ends here. */
export async function startSession(
  db: Queryable,
  ids: IdSource,
  member_id: string,
  method: Method,
  { address, user_agent }: Browser,
  { idle_seconds, seconds }: SessionLife,
): Promise<NewSession> {
  const token = randomToken(32);
  const session_id = `ses_${ids.ulid()}`;
  await db.query(
    `insert into session (hash, id, member_id, method, address, user_agent, idle_until, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), now() + make_interval(secs => $8))`,
    [
      hashToken(token),
      session_id,
      member_id,
      method,
      address,
      storable(cut(user_agent, MAX_USER_AGENT)),
      idle_seconds,
      seconds,
    ],
  );
  await db.query("update member set last_seen_at = now() where id = $1", [member_id]);
  return { token, session_id };
}

interface Row extends SignedIn {
  is_stale: boolean;
}

/** Who has this token; null if it has ended. Using it puts off its end, written at most once a minute. */
export async function findSession(
  db: Db,
  token: string,
  { idle_seconds }: SessionLife,
): Promise<SignedIn | null> {
  const hash = hashToken(token);
  const [row] = await db.query<Row>(
    `select s.id as session_id, m.id as member_id, m.email, m.name, s.last_seen_at < now() - interval '1 minute' as is_stale,
            coalesce((select json_agg(json_build_object('workspace_id', r.workspace_id, 'role', r.role))
                        from member_role r where r.member_id = m.id), '[]') as grants
       from session s join member m on m.id = s.member_id
      where s.hash = $1 and m.state = 'active' and s.idle_until > now() and s.expires_at > now()`,
    [hash],
    "find_session",
  );
  if (row === undefined) return null;
  const { is_stale, ...signedIn } = row;
  if (is_stale) {
    await db.query(
      `with s as (update session set last_seen_at = now(), idle_until = now() + make_interval(secs => $2)
                   where hash = $1 returning member_id)
       update member set last_seen_at = now() where id = (select member_id from s)`,
      [hash, idle_seconds],
    );
  }
  return signedIn;
}

export async function endSession(db: Queryable, token: string): Promise<void> {
  await db.query("delete from session where hash = $1", [hashToken(token)]);
}

/** Ends one of a member's sessions by its id. False: there is no such. */
export async function endSessionById(db: Queryable, member_id: string, id: string): Promise<boolean> {
  const gone = await db.query("delete from session where member_id = $1 and id = $2 returning id", [
    member_id,
    id,
  ]);
  return gone.length > 0;
}

/** Ends all sessions of a member but one. */
export async function endOtherSessions(
  db: Queryable,
  member_id: string,
  kept: string | null,
): Promise<number> {
  const gone = await db.query(
    "delete from session where member_id = $1 and ($2::text is null or id <> $2) returning id",
    [member_id, kept],
  );
  return gone.length;
}

export interface StoredSession {
  id: string;
  method: Method;
  address: string;
  user_agent: string;
  created_at: Date;
  last_seen_at: Date;
  expires_at: Date;
}

export function listSessions(db: Queryable, member_id: string): Promise<StoredSession[]> {
  return db.query<StoredSession>(
    `select id, method, address, user_agent, created_at, last_seen_at, least(idle_until, expires_at) as expires_at
       from session where member_id = $1 and idle_until > now() and expires_at > now() order by last_seen_at desc, id`,
    [member_id],
  );
}
