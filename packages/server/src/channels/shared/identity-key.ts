import { createHash } from "node:crypto";

/** Keys are stored in a unique index, whose entries PostgreSQL limits to about 2,700 bytes. */
const MAX_LENGTH = 512;

/** The key of an identity, made of its distinguishing parts; a hash if they are long. */
export function identityKey(...parts: readonly string[]): string {
  const key = parts.join(":");
  return key.length > MAX_LENGTH ? `sha256:${hash(key)}` : key;
}

/** Replaces a secret inside a key, since keys appear in logs and in the database's error messages. */
export function fingerprint(secret: string): string {
  return hash(secret).slice(0, 32);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
