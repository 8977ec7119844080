import { platform } from "#platform";
import { decodeBase64, encodeBase64Url } from "./core/base64.ts";
import { record, tenantId, text } from "./core/check.ts";
import { CarillonError, invalidInput } from "./core/errors.ts";

/** Whom a token is for, and for how long. */
export interface UserTokenOptions {
  /** The tenants it may act in; the default one if absent. */
  tenant?: string | string[];
  /** Seconds until it expires; an hour if absent. */
  ttl?: number;
}

/** Signs tokens for users' browsers and apps, without a call to the server. */
export interface UserTokens {
  /**
   * @example
   * const token = await createUserTokens(SIGNING_KEY).sign("ada", { tenant: "acme", ttl: 900 });
   */
  sign: (user: string, options?: UserTokenOptions) => Promise<string>;
}

const DEFAULT_TTL = 3600;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/**
 * Tokens as clients send them beside the public key: JSON Web Tokens by ES256 with `entity_type`, `entity_id` and, for a
 * tenant, `scope` (client-protocols.md §2.1). The key is the workspace's signing key, in PEM or base64 of that; it is
 * read once.
 *
 * @example
 * const tokens = createUserTokens(SIGNING_KEY);
 * const token = await tokens.sign("ada");
 */
export function createUserTokens(signingKey: string): UserTokens {
  const der = readKey(text("signingKey", signingKey, 10_000));
  let key: Promise<SigningKey> | null = null;
  return {
    async sign(user, options = {}) {
      const { tenant, ttl = DEFAULT_TTL } = record("options", options) as UserTokenOptions;
      if (typeof ttl !== "number" || !Number.isFinite(ttl) || ttl < 1) {
        throw invalidInput("ttl", "must be a number of seconds, at least 1");
      }
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        entity_type: "subscriber",
        entity_id: text("user", user),
        iat: now,
        exp: now + Math.floor(ttl),
        ...(tenant === undefined ? {} : { scope: { tenant_id: tenantsOf(tenant) } }),
      };
      const signed = `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}`;
      key ??= importKey(der);
      const bytes = new TextEncoder().encode(signed);
      const algorithm = { name: "ECDSA", hash: "SHA-256" };
      // Raw r and s, 64 bytes, which is what a token has.
      const signature = await platform.crypto.subtle.sign(algorithm, await key, bytes);
      return `${signed}.${encodeBase64Url(new Uint8Array(signature))}`;
    },
  };
}

/** Of Web Crypto. */
type SigningKey = Awaited<ReturnType<typeof platform.crypto.subtle.importKey>>;

function tenantsOf(tenant: string | string[]): string | string[] {
  const check = (one: string) => tenantId("tenant", text("tenant", one, 64)) ?? "";
  return Array.isArray(tenant) ? tenant.map(check) : check(tenant);
}

function part(value: object): string {
  return encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)));
}

async function importKey(der: Uint8Array<ArrayBuffer>): Promise<SigningKey> {
  try {
    return await platform.crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
  } catch (error) {
    throw new CarillonError("invalid_input", "signingKey: is not a private key of the curve P-256", {
      field: "signingKey",
      cause: error,
    });
  }
}

/** PEM, or base64 of PEM, of either form in which private keys of elliptic curves come. */
function readKey(given: string): Uint8Array<ArrayBuffer> {
  const unwrapped = given.includes("-----") ? null : decodeBase64(given);
  const pem = unwrapped === null ? given : new TextDecoder().decode(unwrapped);
  const [, kind, base64 = ""] = /-----BEGIN (EC )?PRIVATE KEY-----([^-]*)-----END/.exec(pem) ?? [];
  const der = decodeBase64(base64);
  if (der === null || der.length === 0) {
    throw invalidInput("signingKey", "must be a private key in PEM, or the base64 of one");
  }
  return kind === undefined ? der : wrapSec1(der);
}

/** `EC PRIVATE KEY` in the envelope that Web Crypto reads: version 0, id-ecPublicKey with prime256v1, the key. */
function wrapSec1(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const algorithm = decodeBase64("MBMGByqGSM49AgEGCCqGSM49AwEH") ?? new Uint8Array();
  const body = [0x02, 0x01, 0x00, ...algorithm, ...tagged(0x04, [...key])];
  return Uint8Array.from(tagged(0x30, body));
}

function tagged(tag: number, content: number[]): number[] {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return [tag, ...size, ...content];
}
