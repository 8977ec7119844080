import { randomInt } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import type { Queryable } from "../db/db.ts";
import { hashToken, type SecretBox } from "../workspaces/crypto.ts";

/**
 * Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, which every app has), and recovery codes for
 * who has lost it. A code is taken once, within half a minute of its time.
 */
const PERIOD = 30;
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;
/** Without letters and digits that look alike. */
const ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz";

function totpOf(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: "Carillon", label, secret, period: PERIOD, digits: 6, algorithm: "SHA1" });
}

export interface NewSecret {
  /** In base32, for those who type it. */
  secret: string;
  /** For a QR code. */
  uri: string;
}

/** Makes a secret that asks for nothing until it is enabled; null: codes are enabled already. */
export async function proposeSecret(
  db: Queryable,
  box: SecretBox,
  member_id: string,
  email: string,
): Promise<NewSecret | null> {
  const secret = new Secret({ size: SECRET_BYTES });
  const stored = await db.query(
    "update member set totp_secret = $2 where id = $1 and totp_enabled_at is null returning 1",
    [member_id, box.seal(secret.base32)],
  );
  return stored.length === 0 ? null : { secret: secret.base32, uri: totpOf(secret, email).toString() };
}

/** Whether the code is good; it is then used up. */
export async function takeTotp(
  db: Queryable,
  box: SecretBox,
  member_id: string,
  code: string,
): Promise<boolean> {
  const [row] = await db.query<{ totp_secret: Buffer | null; now: number }>(
    "select totp_secret, extract(epoch from now())::float8 * 1000 as now from member where id = $1",
    [member_id],
  );
  if (row === undefined || row.totp_secret === null || !/^\d{6}$/.test(code)) return false;
  const totp = totpOf(Secret.fromBase32(box.open(row.totp_secret)), "");
  const delta = totp.validate({ token: code, timestamp: row.now, window: 1 });
  if (delta === null) return false;
  const step = Math.floor(row.now / 1000 / PERIOD) + delta;
  const taken = await db.query(
    "update member set totp_step = $2 where id = $1 and totp_step < $2 returning 1",
    [member_id, step],
  );
  return taken.length > 0;
}

export async function enableTotp(db: Queryable, member_id: string): Promise<void> {
  await db.query("update member set totp_enabled_at = now() where id = $1", [member_id]);
}

export async function disableTotp(db: Queryable, member_id: string): Promise<void> {
  await db.query("update member set totp_secret = null, totp_enabled_at = null where id = $1", [member_id]);
  await db.query("delete from recovery_code where member_id = $1", [member_id]);
}

/** Replaces all recovery codes; they are shown this once. */
export async function makeRecoveryCodes(db: Queryable, member_id: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => `${word()}-${word()}`);
  await db.query("delete from recovery_code where member_id = $1", [member_id]);
  await db.query("insert into recovery_code (member_id, hash) select $1, unnest($2::bytea[])", [
    member_id,
    codes.map(hashToken),
  ]);
  return codes;
}

export async function takeRecoveryCode(db: Queryable, member_id: string, code: string): Promise<boolean> {
  const gone = await db.query("delete from recovery_code where member_id = $1 and hash = $2 returning 1", [
    member_id,
    hashToken(code.trim().toLowerCase()),
  ]);
  return gone.length > 0;
}

function word(): string {
  return Array.from({ length: 6 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
