import { randomInt } from "node:crypto";
import type { Queryable } from "../db/db.ts";
import { randomToken } from "../ids.ts";
import { hashToken } from "../workspaces/crypto.ts";

/**
 * Six-digit codes by e-mail, good for ten minutes and five attempts. A code belongs to the challenge that was answered to
 * the one who asked for it: who guesses needs both, and asking again for somebody else's code does not end theirs.
 */
export const CODE_MINUTES = 10;
const MAX_ATTEMPTS = 5;

export interface NewCode {
  challenge: string;
  code: string;
}

/** A row is made also where nobody signs in by the address: it does not show. */
export async function makeCode(db: Queryable, member_id: string | null): Promise<NewCode> {
  const challenge = randomToken(32);
  const code = String(randomInt(1_000_000)).padStart(6, "0");
  await db.query(
    `insert into sign_in_code (challenge, member_id, hash, expires_at) values ($1, $2, $3, now() + make_interval(mins => $4))`,
    [hashToken(challenge), member_id, hashOf(challenge, code), CODE_MINUTES],
  );
  return { challenge, code };
}

/** Whose code it is; null if it is wrong, too old, or was tried too often. */
export async function tryCode(db: Queryable, challenge: string, code: string): Promise<string | null> {
  const [row] = await db.query<{ member_id: string | null; is_right: boolean }>(
    `update sign_in_code set attempts = attempts + 1
      where challenge = $1 and attempts < $2 and expires_at > now() returning member_id, hash = $3 as is_right`,
    [hashToken(challenge), MAX_ATTEMPTS, hashOf(challenge, code.trim())],
  );
  return row?.is_right === true ? row.member_id : null;
}

/** A code is good once. False: it was used meanwhile. */
export async function useCode(db: Queryable, challenge: string): Promise<boolean> {
  const gone = await db.query("delete from sign_in_code where challenge = $1 returning 1", [
    hashToken(challenge),
  ]);
  return gone.length > 0;
}

const hashOf = (challenge: string, code: string) => hashToken(`${challenge}:${code}`);
