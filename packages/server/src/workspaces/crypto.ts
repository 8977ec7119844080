import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";

/**
 * Secrets at rest: AES-256-GCM with a random nonce under a key derived from SECRET_KEY. Layout: version byte,
 * 12 bytes nonce, 16 bytes tag, ciphertext.
 */
export interface SecretBox {
  seal: (plain: string) => Buffer;
  /** Throws when the bytes were sealed under another SECRET_KEY. */
  open: (sealed: Buffer) => string;
}

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createSecretBox(secretKey: string): SecretBox {
  const key = Buffer.from(hkdfSync("sha256", secretKey, "carillon", "secret-box", 32));
  return {
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed) {
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce);
      decipher.setAuthTag(tag);
      const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
      try {
        return decipher.update(body, undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw new Error("A stored secret cannot be opened: SECRET_KEY is not the one it was sealed with.", {
          cause,
        });
      }
    },
  };
}

/** Credentials that only need comparing are random and long: a plain hash is enough. */
export function hashToken(token: string): Buffer {
  return hash("sha256", token, "buffer");
}
