import { createCipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";

/**
 * Encrypts a message for one browser: RFC 8291 (https://www.rfc-editor.org/rfc/rfc8291) in the encoding of RFC 8188,
 * `aes128gcm`, in one record. Written here because the small library for it, http_ece, has no types and takes as long
 * (0.19 ms); most of it is older encodings.
 */
export interface PushKeys {
  /** The browser's public key: a point of P-256, uncompressed. */
  p256dh: Buffer;
  auth: Buffer;
}

export interface OneTimeKeys {
  /** Fresh for each message; given only to repeat the example of the RFC. */
  private_key?: Buffer;
  salt?: Buffer;
}

const RECORD_SIZE = 4096;
/** Says that this record is the last one. */
const LAST_RECORD = Buffer.from([2]);
const KEY_INFO = Buffer.from("WebPush: info\0");
const CONTENT_KEY_INFO = Buffer.from("Content-Encoding: aes128gcm\0");
const NONCE_INFO = Buffer.from("Content-Encoding: nonce\0");

/** Throws where `p256dh` is no point of the curve. */
export function encryptPush(message: Buffer, { p256dh, auth }: PushKeys, once: OneTimeKeys = {}): Buffer {
  const ours = createECDH("prime256v1");
  if (once.private_key === undefined) ours.generateKeys();
  else ours.setPrivateKey(once.private_key);
  const salt = once.salt ?? randomBytes(16);
  const sender = ours.getPublicKey();
  const secret = ours.computeSecret(p256dh);
  const input = derive(secret, auth, Buffer.concat([KEY_INFO, p256dh, sender]), 32);
  const cipher = createCipheriv(
    "aes-128-gcm",
    derive(input, salt, CONTENT_KEY_INFO, 16),
    derive(input, salt, NONCE_INFO, 12),
  );
  const header = Buffer.alloc(21);
  salt.copy(header);
  header.writeUInt32BE(RECORD_SIZE, 16);
  header.writeUInt8(sender.length, 20);
  return Buffer.concat([
    header,
    sender,
    cipher.update(message),
    cipher.update(LAST_RECORD),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

function derive(secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, length));
}
