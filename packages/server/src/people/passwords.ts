import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { createTurns } from "./turns.ts";

/**
 * Passwords, hashed with argon2id. The parameters are the second choice of OWASP's cheat sheet for password storage (46
 * MiB, one pass): a hash takes about 50 ms. They are stored with each hash, so that they can be raised: a password that
 * was hashed with others is hashed again when its owner next signs in.
 */
const PARAMETERS = { memory: 47_104, passes: 1, parallelism: 1 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** Each takes its memory while it runs: strangers must not fill it. */
const AT_ONCE = 2;
/** Longest line of those who wait for that; who comes after it is refused at once. */
const MAX_WAITING = 64;

export const MIN_PASSWORD = 10;
export const MAX_PASSWORD = 256;

const derive = promisify(argon2);
const turns = createTurns(AT_ONCE, MAX_WAITING);

interface Parameters {
  memory: number;
  passes: number;
  parallelism: number;
}

/** Rejects with an `AppError`, throttled, when too many passwords are being looked at. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await hashWith(password, salt, PARAMETERS);
  const { memory, passes, parallelism } = PARAMETERS;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(tag)}`;
}

/**
 * Whether a password is the one that was hashed. With null it takes as long, and is false: that an account has no
 * password, or that there is no account, does not show.
 */
export async function verifyPassword(
  password: string,
  stored: string | null,
): Promise<{ valid: boolean; is_outdated: boolean }> {
  const parsed = stored === null ? null : parse(stored);
  if (parsed === null) {
    await hashWith(password, Buffer.alloc(SALT_BYTES), PARAMETERS);
    return { valid: false, is_outdated: false };
  }
  const { salt, tag, parameters } = parsed;
  const valid = timingSafeEqual(await hashWith(password, salt, parameters), tag);
  const is_outdated = (Object.keys(PARAMETERS) as (keyof Parameters)[]).some(
    (name) => parameters[name] !== PARAMETERS[name],
  );
  return { valid, is_outdated };
}

function hashWith(password: string, nonce: Buffer, parameters: Parameters): Promise<Buffer> {
  // The same letters typed on two systems may be other code points.
  const message = password.normalize("NFKC");
  return turns(() => derive("argon2id", { message, nonce, tagLength: TAG_BYTES, ...parameters }));
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

function parse(stored: string): { salt: Buffer; tag: Buffer; parameters: Parameters } | null {
  const [, memory, passes, parallelism, salt = "", tag = ""] = PHC.exec(stored) ?? [];
  if (memory === undefined) return null;
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const bytes = Buffer.from(tag, "base64");
  if (bytes.length !== TAG_BYTES) return null;
  return { salt: Buffer.from(salt, "base64"), tag: bytes, parameters };
}

const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
