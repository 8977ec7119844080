import type { Db } from "../db/db.ts";
import { AppError } from "../errors.ts";
import { hashToken } from "../workspaces/crypto.ts";

/**
 * How often a sign-in may be tried. Strangers share a bucket for each account, and one for each address; a browser from
 * which the account has been signed in to has a bucket of its own. So an attacker who guesses at an account slows down other
 * strangers, and never its owner. An attempt counts before it is looked at: those that run side by side count, too.
 */
export interface Attempts {
  /** Throws `throttled` with the seconds to wait. */
  take: (attempt: Attempt) => Promise<void>;
  /** The attempt was good: what it took is given back. */
  give: (attempt: Attempt) => Promise<void>;
}

export interface Attempt {
  /** Null: what is tried names no account. */
  email: string | null;
  /** The caller's network. */
  address: string;
  /** The browser, if this account was signed in to from it. */
  device: string | null;
}

interface Limit {
  burst: number;
  /** Seconds in which one comes back. */
  seconds: number;
}

const OF_ACCOUNT: Limit = { burst: 10, seconds: 60 };
const OF_ADDRESS: Limit = { burst: 60, seconds: 10 };

export function createAttempts(db: Db): Attempts {
  const keysOf = ({ email, address, device }: Attempt): [string, Limit][] => {
    const ofAddress: [string, Limit] = [`address:${address}`, OF_ADDRESS];
    if (email === null) return [ofAddress];
    const account = hashToken(email).toString("base64url");
    return [ofAddress, [device === null ? `account:${account}` : `device:${device}:${account}`, OF_ACCOUNT]];
  };
  return {
    async take(attempt) {
      for (const [key, limit] of keysOf(attempt)) await take(db, key, limit);
    },
    async give(attempt) {
      for (const [key, { seconds }] of keysOf(attempt)) {
        await db.query(
          "update sign_in_attempt set full_at = full_at - make_interval(secs => $2) where key = $1",
          [key, seconds],
        );
      }
    },
  };
}

/** Takes one from a bucket; throws `throttled` if it is empty. */
export async function take(db: Db, key: string, { burst, seconds }: Limit): Promise<void> {
  const taken = await db.query(
    `insert into sign_in_attempt as a (key, full_at) values ($1, now() + make_interval(secs => $2))
     on conflict (key) do update set full_at = greatest(a.full_at, now()) + make_interval(secs => $2)
      where greatest(a.full_at, now()) + make_interval(secs => $2) <= now() + make_interval(secs => $3)
     returning 1`,
    [key, seconds, burst * seconds],
  );
  if (taken.length > 0) return;
  const [row] = await db.query<{ wait: number }>(
    "select extract(epoch from full_at - now())::float8 + $2 - $3 as wait from sign_in_attempt where key = $1",
    [key, seconds, burst * seconds],
  );
  const retry_after = Math.max(1, Math.ceil(row?.wait ?? seconds));
  throw new AppError("throttled", `too many attempts to sign in: try again after ${retry_after} s`, {
    retry_after,
  });
}
