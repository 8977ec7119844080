import type { Db } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Log } from "../log.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import { createAttempts } from "./attempts.ts";
import { createProfile, type Profile } from "./profile.ts";
import { findSession, type SessionLife, type SignedIn } from "./sessions.ts";
import { createSignIn, type SignIn, type SignInDeps } from "./sign-in.ts";

/**
 * The people who use Carillon: members and their roles, how they sign in, their sessions, invitations, and the record of
 * what was changed by whom. Recipients are others: they are notified, and never sign in here.
 *
 *     link, invitation, password, code, or this machine ──▶ session ──▶ member ──▶ role in the workspace ──▶ right
 *
 * What is compared is stored as a hash: tokens of sessions, invitations and links, codes, recovery codes. Passwords
 * are hashed with argon2id, the secrets of authenticator apps sealed.
 */
export interface People {
  /** Who has the session; null if it has ended. */
  findSession: (token: string) => Promise<SignedIn | null>;
  signIn: SignIn;
  profile: Profile;
  mail: SignInDeps["mail"];
  /** Seconds until the cookie of a session ends. */
  session_seconds: number;
  /** Finishes what goes on after answers. */
  stop: () => Promise<void>;
}

export interface PeopleDeps {
  db: Db;
  ids: IdSource;
  log: Log;
  box: SecretBox;
  mail: SignInDeps["mail"];
  logs_codes: boolean;
  life: SessionLife;
}

export function createPeople({ db, ids, log, box, mail, logs_codes, life }: PeopleDeps): People {
  const attempts = createAttempts(db);
  const running = new Set<Promise<unknown>>();
  function later(work: Promise<unknown>): void {
    const done = work
      .catch((error: unknown) => log.error({ err: error }, "what follows a sign-in failed"))
      .finally(() => running.delete(done));
    running.add(done);
  }
  return {
    findSession: (token) => findSession(db, token, life),
    signIn: createSignIn({ db, ids, log, box, attempts, life, mail, logs_codes, later }),
    profile: createProfile({ db, box, attempts }),
    mail,
    session_seconds: life.seconds,
    stop: async () => void (await Promise.all(running)),
  };
}
