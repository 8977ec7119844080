import type { Db, Tx } from "../db/db.ts";
import { LOCKS } from "../db/locks.ts";
import { AppError } from "../errors.ts";
import { type IdSource, randomToken } from "../ids.ts";
import type { Log } from "../log.ts";
import { hashToken, type SecretBox } from "../workspaces/crypto.ts";
import { type Attempt, type Attempts, take } from "./attempts.ts";
import { recordAudit } from "./audit.ts";
import { CODE_MINUTES, makeCode, tryCode, useCode } from "./codes.ts";
import { acceptInvitation } from "./invitations.ts";
import {
  addMember,
  emailOf,
  findMember,
  findMemberByEmail,
  hasNamedAdmin,
  type Member,
  OWNER,
} from "./members.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import { takeRecoveryCode, takeTotp } from "./second-factor.ts";
import { endSession, type Method, type SessionLife, startSession } from "./sessions.ts";

/**
 * The ways in. Each ends in a session; each refusal says the same whether the account exists or not, and takes as long.
 */
export interface SignIn {
  /** The first visit on this machine, while nobody has a password. */
  locally: (visitor: Visitor) => Promise<Entry>;
  withPassword: (
    visitor: Visitor,
    given: { email: string; password: string } & SecondFactor,
  ) => Promise<Entry>;
  /** Mails a code to the member of that address. Answers at once, and the same where there is none. */
  requestCode: (visitor: Visitor, email: string) => Promise<{ challenge: string }>;
  withCode: (
    visitor: Visitor,
    given: { email: string; challenge: string; code: string } & SecondFactor,
  ) => Promise<Entry>;
  /** Makes the first admin of a server that others can reach. */
  withSetupLink: (
    visitor: Visitor,
    given: { token: string; email: string; name: string; password: string },
  ) => Promise<Entry>;
  withInvitation: (
    visitor: Visitor,
    given: { token: string; name: string | null; password: string | null },
  ) => Promise<Entry>;
  /** A new one-time link's token; null: there is an admin. */
  makeSetupToken: () => Promise<string | null>;
  /** Whether the first visit from this machine is signed in. */
  isOpenLocally: () => Promise<boolean>;
}

export interface SecondFactor {
  totp: string | null;
  recovery_code: string | null;
}

/** Who tries to sign in. */
export interface Visitor {
  /** Where the request came from, as proxies that are trusted say. */
  address: string;
  user_agent: string;
  request_id: string;
  /** The visitor sits at this machine, and nothing stands between. */
  is_local: boolean;
  /** What marks a browser that has signed in before. */
  device: string | null;
  /** The session that the browser had: it ends when another begins. */
  session: string | null;
}

export interface Entry {
  token: string;
  /** Marks the browser as one that has signed in to the account. */
  device: string;
  session_id: string;
  member: Member;
}

export interface SignInDeps {
  db: Db;
  ids: IdSource;
  log: Log;
  box: SecretBox;
  attempts: Attempts;
  life: SessionLife;
  /** Sends text to an address; false: there is no way. Never throws. */
  mail: (to: string, subject: string, text: string) => Promise<boolean>;
  /** Whether codes may be written to the log where no mail can be sent. */
  logs_codes: boolean;
  /** Keeps track of what goes on after an answer. */
  later: (work: Promise<unknown>) => void;
}

const SETUP_HOURS = 24;
const EVERYWHERE = [{ workspace_id: null, role: "admin" as const }];
/** Mails that one account gets at most: five, then one in twelve minutes. */
const MAILS = { burst: 5, seconds: 720 };

export function createSignIn(deps: SignInDeps): SignIn {
  const { db, ids, log, box, attempts, life, mail, logs_codes, later } = deps;

  const attemptOf = (visitor: Visitor, email: string): Attempt => ({
    email,
    address: visitor.address,
    device: deviceOf(box, visitor.device, email),
  });

  /** A link is long enough that only the address counts. */
  const linkOf = ({ address }: Visitor): Attempt => ({ email: null, address, device: null });

  async function enter(tx: Tx, member_id: string, visitor: Visitor, method: Method): Promise<Entry> {
    // A token that the browser had before, perhaps from somebody else, ends here.
    if (visitor.session !== null) await endSession(tx, visitor.session);
    const session = await startSession(tx, ids, member_id, method, visitor, life);
    const member = await findMember(tx, member_id);
    if (member === null) throw new Error("the member is gone");
    await recordAudit(tx, ids, {
      workspace_id: null,
      actor: { kind: "member", id: member.id, name: member.email },
      action: "account.signed_in",
      entity: `session/${session.session_id}`,
      address: visitor.address,
      request_id: visitor.request_id,
    });
    return { ...session, device: newDevice(box, member.email), member };
  }

  /** Throws unless the account asks for no code, or the right one was given. */
  async function proveSecondFactor(member: Member, { totp, recovery_code }: SecondFactor): Promise<void> {
    if (!member.has_totp) return;
    if (totp === null && recovery_code === null) {
      throw new AppError(
        "second_factor_required",
        "this account also asks for the code of its authenticator app: send it as totp, or a recovery_code",
      );
    }
    const isProven =
      totp !== null
        ? await takeTotp(db, box, member.id, totp)
        : await takeRecoveryCode(db, member.id, recovery_code ?? "");
    if (!isProven) throw new AppError("sign_in_failed", "the code of the authenticator app is wrong");
  }

  async function isOpenLocally(): Promise<boolean> {
    const closed = await db.query("select 1 from member where password_hash is not null limit 1");
    return closed.length === 0;
  }

  return {
    isOpenLocally,
    async locally(visitor) {
      if (!visitor.is_local) {
        throw new AppError(
          "permission_denied",
          "only who sits at this machine can sign in without a password",
        );
      }
      return db.tx(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.last_admin]);
        if (!(await isOpenLocally())) {
          throw new AppError("permission_denied", "somebody has a password: sign in with yours");
        }
        const [owner] = await tx.query<{ id: string }>(
          `select m.id from member m join member_role r on r.member_id = m.id
            where m.state = 'active' and r.workspace_id is null and r.role = 'admin' order by m.created_at, m.id limit 1`,
        );
        const id = owner?.id ?? (await addMember(tx, ids, { ...OWNER, grants: EVERYWHERE }));
        if (id === null) throw new AppError("conflict", `'${OWNER.email}' is no Admin of all workspaces`);
        return enter(tx, id, visitor, "local");
      });
    },
    async withPassword(visitor, { password, ...given }) {
      const email = emailOf(given.email);
      const attempt = attemptOf(visitor, email);
      await attempts.take(attempt);
      const [stored] = await db.query<{ id: string; password_hash: string | null }>(
        "select id, password_hash from member where email = $1 and state = 'active'",
        [email],
      );
      const { valid, is_outdated } = await verifyPassword(password, stored?.password_hash ?? null);
      if (!valid || stored === undefined) {
        throw new AppError("sign_in_failed", "the e-mail address or the password is wrong");
      }
      const member = await findMember(db, stored.id);
      if (member === null)
        throw new AppError("sign_in_failed", "the e-mail address or the password is wrong");
      await proveSecondFactor(member, given);
      await attempts.give(attempt);
      const rehashed = is_outdated ? await hashPassword(password) : null;
      return db.tx(async (tx) => {
        if (rehashed !== null) {
          await tx.query("update member set password_hash = $2 where id = $1 and password_hash = $3", [
            member.id,
            rehashed,
            stored.password_hash,
          ]);
        }
        return enter(tx, member.id, visitor, "password");
      });
    },
    async requestCode(visitor, given) {
      const email = emailOf(given);
      await attempts.take(attemptOf(visitor, email));
      await take(db, `mail:${hashToken(email).toString("base64url")}`, MAILS);
      const member = await findMemberByEmail(db, email);
      const isKnown = member !== null && member.state === "active";
      const { challenge, code } = await makeCode(db, isKnown ? member.id : null);
      if (isKnown) later(sendCode(email, code, visitor.request_id));
      return { challenge };
    },
    async withCode(visitor, { challenge, code, ...given }) {
      const email = emailOf(given.email);
      const attempt = attemptOf(visitor, email);
      await attempts.take(attempt);
      const id = await tryCode(db, challenge, code);
      const member = id === null ? null : await findMember(db, id);
      if (member === null || member.email !== email || member.state !== "active") {
        throw new AppError("sign_in_failed", "the code is wrong or too old");
      }
      await proveSecondFactor(member, given);
      await attempts.give(attempt);
      return db.tx(async (tx) => {
        if (!(await useCode(tx, challenge))) {
          throw new AppError("sign_in_failed", "the code is wrong or too old");
        }
        return enter(tx, member.id, visitor, "code");
      });
    },
    async withSetupLink(visitor, { token, name, password, ...given }) {
      const email = emailOf(given.email);
      await attempts.take(linkOf(visitor));
      const refusal = new AppError(
        "sign_in_failed",
        "this link is not good any more: restart the server, and its log has a new one",
      );
      const hash = hashToken(token);
      const known = await db.query("select 1 from setup_link where hash = $1 and expires_at > now()", [hash]);
      if (known.length === 0) throw refusal;
      const password_hash = await hashPassword(password);
      const entry = await db.tx(async (tx) => {
        await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.last_admin]);
        const used = await tx.query(
          "delete from setup_link where hash = $1 and expires_at > now() returning 1",
          [hash],
        );
        if (used.length === 0 || (await hasNamedAdmin(tx))) throw refusal;
        await tx.query("delete from setup_link");
        const id =
          (await renameOwner(tx, email, name)) ??
          (await addMember(tx, ids, { email, name, grants: EVERYWHERE }));
        if (id === null) throw new AppError("conflict", `'${email}' signs in already`);
        await tx.query("update member set password_hash = $2 where id = $1", [id, password_hash]);
        return enter(tx, id, visitor, "setup");
      });
      await attempts.give(linkOf(visitor));
      return entry;
    },
    async withInvitation(visitor, { token, name, password }) {
      await attempts.take(linkOf(visitor));
      const password_hash = password === null ? null : await hashPassword(password);
      const entry = await db.tx(async (tx) => {
        const invitation = await acceptInvitation(tx, token);
        if (invitation === null) {
          throw new AppError("sign_in_failed", "this invitation is not good any more: ask for a new one");
        }
        const { email, roles: grants } = invitation;
        const id = await addMember(tx, ids, { email, name: name ?? invitation.name, grants });
        if (id === null) throw new AppError("conflict", `'${email}' signs in already`);
        if (password_hash !== null) {
          await tx.query("update member set password_hash = $2 where id = $1", [id, password_hash]);
        }
        return enter(tx, id, visitor, "invitation");
      });
      await attempts.give(linkOf(visitor));
      return entry;
    },
    async makeSetupToken() {
      if (await hasNamedAdmin(db)) return null;
      const token = randomToken(32);
      await db.query(
        "insert into setup_link (hash, expires_at) values ($1, now() + make_interval(hours => $2))",
        [hashToken(token), SETUP_HOURS],
      );
      return token;
    },
  };

  async function sendCode(email: string, code: string, request_id: string): Promise<void> {
    const text = `Your code to sign in to Carillon is ${code}. It is good for ${CODE_MINUTES} minutes. If you did not ask for it, nobody can do anything with it, and you need not do anything either.`;
    if (await mail(email, `${code} is your code`, text)) return;
    if (logs_codes)
      log.warn({ request_id, code }, "no workspace can send e-mail: the code to sign in is here");
    else log.warn({ request_id }, "a code to sign in was asked for, and no workspace can send e-mail");
  }
}

/** Who worked on this machine without a name gets one; null: there was nobody. */
async function renameOwner(tx: Tx, email: string, name: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `update member m set email = $2, name = $3
      where m.email = $1 and m.state = 'active' and not exists (select from member other where other.email = $2) returning id`,
    [OWNER.email, email, name],
  );
  return row?.id ?? null;
}

/** Sealed, so that nobody makes one; it opens nothing. */
function newDevice(box: SecretBox, email: string): string {
  return box.seal(`${randomToken(12)} ${email}`).toString("base64url");
}

function deviceOf(box: SecretBox, sealed: string | null, email: string): string | null {
  if (sealed === null) return null;
  try {
    const [id = "", owner] = box.open(Buffer.from(sealed, "base64url")).split(" ");
    return owner === email ? id : null;
  } catch {
    return null;
  }
}
