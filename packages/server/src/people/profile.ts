import type { Db, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import type { Attempts } from "./attempts.ts";
import { emailOf } from "./members.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import {
  disableTotp,
  enableTotp,
  makeRecoveryCodes,
  type NewSecret,
  proposeSecret,
  takeRecoveryCode,
  takeTotp,
} from "./second-factor.ts";
import { endOtherSessions, type SignedIn } from "./sessions.ts";

/** What members change about themselves. What would let somebody else in asks again for what proves who they are. */
export interface Profile {
  edit: (tx: Tx, who: Editing, change: ProfileChange) => Promise<void>;
  /** Hashes and checks before the transaction of `edit`, which must not be held open for it. */
  prepare: (who: Editing, given: GivenChange) => Promise<ProfileChange>;
  proposeTotp: (tx: Tx, who: SignedIn) => Promise<NewSecret>;
  /** Proves that the app has the secret; returns the recovery codes, shown this once. */
  enableTotp: (who: Editing, code: string) => Promise<string[]>;
  disableTotp: (who: Editing, proof: { totp: string | null; recovery_code: string | null }) => Promise<void>;
}

export interface Editing extends SignedIn {
  /** The caller's network. */
  address: string;
}

export interface GivenChange {
  name: string | null;
  email: string | null;
  password: string | null;
  current_password: string | null;
}

export interface ProfileChange {
  name: string | null;
  email: string | null;
  password_hash: string | null;
}

export interface ProfileDeps {
  db: Db;
  box: SecretBox;
  attempts: Attempts;
}

export function createProfile({ db, box, attempts }: ProfileDeps): Profile {
  async function proven<T>(who: Editing, prove: () => Promise<T | null>, refusal: string): Promise<T> {
    const attempt = { email: who.email, address: who.address, device: who.session_id };
    await attempts.take(attempt);
    const proof = await prove();
    if (proof === null) throw new AppError("permission_denied", refusal);
    await attempts.give(attempt);
    return proof;
  }

  return {
    async prepare(who, { name, email, password, current_password }) {
      const [stored] = await db.query<{ password_hash: string | null }>(
        "select password_hash from member where id = $1",
        [who.member_id],
      );
      const known = stored?.password_hash ?? null;
      if (known !== null && (password !== null || email !== null)) {
        const prove = async () => (await verifyPassword(current_password ?? "", known)).valid || null;
        await proven(who, prove, "current_password is missing or wrong");
      }
      return {
        name,
        email: email === null ? null : emailOf(email),
        password_hash: password === null ? null : await hashPassword(password),
      };
    },
    async edit(tx, { member_id, session_id }, { name, email, password_hash }) {
      if (email !== null) {
        const taken = await tx.query("select 1 from member where email = $1 and id <> $2", [
          email,
          member_id,
        ]);
        if (taken.length > 0) throw new AppError("conflict", `'${email}' signs in already`);
      }
      await tx.query(
        `update member set name = coalesce($2, name), email = coalesce($3, email), password_hash = coalesce($4, password_hash) where id = $1`,
        [member_id, name, email, password_hash],
      );
      // Who knew the old password may be signed in.
      if (password_hash !== null) await endOtherSessions(tx, member_id, session_id);
    },
    async proposeTotp(tx, { member_id, email }) {
      const proposed = await proposeSecret(tx, box, member_id, email);
      if (proposed === null) {
        throw new AppError("conflict", "an authenticator app is set up: remove it before you set up another");
      }
      return proposed;
    },
    async enableTotp(who, code) {
      const prove = async () => (await takeTotp(db, box, who.member_id, code)) || null;
      await proven(who, prove, "the code of the authenticator app is wrong");
      return db.tx(async (tx) => {
        await enableTotp(tx, who.member_id);
        await endOtherSessions(tx, who.member_id, who.session_id);
        return makeRecoveryCodes(tx, who.member_id);
      });
    },
    async disableTotp(who, { totp, recovery_code }) {
      const { member_id } = who;
      const prove = async () =>
        (totp === null
          ? await takeRecoveryCode(db, member_id, recovery_code ?? "")
          : await takeTotp(db, box, member_id, totp)) || null;
      await proven(who, prove, "the code of the authenticator app is wrong");
      await db.tx((tx) => disableTotp(tx, member_id));
    },
  };
}
