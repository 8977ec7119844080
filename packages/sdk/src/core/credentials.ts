import { hmac } from "@noble/hashes/hmac.js";
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { encodeBase64 } from "./base64.ts";

/** What a signature covers. */
export interface SignedParts {
  method: string;
  /** Path and query, exactly as sent. */
  target: string;
  contentType: string;
  date: string;
  body: Uint8Array | null;
}

/** How requests prove who sends them: the Authorization header for one request. */
export type Credential = (parts: SignedParts) => string;

/**
 * Workspace key and secret: base64(HMAC-SHA256(secret, METHOD \n md5hex(body) \n Content-Type \n Date \n target)), and
 * no md5 where there is no body. Synchronous, and the key's half of the HMAC is computed once.
 */
export function signedBy(key: string, secret: string): Credential {
  const keyed = hmac.create(sha256, utf8ToBytes(secret));
  return ({ method, target, contentType, date, body }) => {
    const digest = body === null ? "" : bytesToHex(md5(body));
    const text = `${method}\n${digest}\n${contentType}\n${date}\n${target}`;
    return `${key}:${encodeBase64(keyed.clone().update(utf8ToBytes(text)).digest())}`;
  };
}

export function bearer(apiKey: string): Credential {
  return () => `Bearer ${apiKey}`;
}

export function serviceToken(token: string): Credential {
  return () => `ServiceToken ${token}`;
}
