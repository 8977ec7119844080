import { createHash } from "node:crypto";

/** Keys are stored under a unique index, whose entries PostgreSQL limits to about 2,700 bytes. */
const MAX_LENGTH = 512;

/** The key of an identity from the parts that make it what it is; the hash of them where they are long. */
export function identityKey(...parts: readonly string[]): string {
  const key = parts.join(":");
  return key.length > MAX_LENGTH ? `sha256:${hash(key)}` : key;
}

/** Stands for a secret inside a key, which ends up in logs and error texts of the database. */
export function fingerprint(secret: string): string {
  return hash(secret).slice(0, 32);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
