import { createDecipheriv, type createECDH, createHmac } from "node:crypto";

/** The browser's side of an encrypted push message, written from RFC 8188 and RFC 8291 with plain HMACs. */
export function decryptPush(received: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): string {
  const hmac = (key: Buffer, ...parts: (Buffer | string)[]) => {
    const made = createHmac("sha256", key);
    for (const part of parts) made.update(part);
    return made.digest();
  };
  const salt = received.subarray(0, 16);
  const length = received.readUInt8(20);
  const sender = received.subarray(21, 21 + length);
  const sealed = received.subarray(21 + length);
  if (received.readUInt32BE(16) < sealed.length) throw new Error("more than one record");
  const combined = hmac(auth, browser.computeSecret(sender));
  const input = hmac(combined, "WebPush: info\0", browser.getPublicKey(), sender, "\u0001");
  const extracted = hmac(salt, input);
  const key = hmac(extracted, "Content-Encoding: aes128gcm\0\u0001").subarray(0, 16);
  const nonce = hmac(extracted, "Content-Encoding: nonce\0\u0001").subarray(0, 12);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const record = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  if (record.at(-1) !== 2) throw new Error("not the last record");
  return record.subarray(0, -1).toString();
}
