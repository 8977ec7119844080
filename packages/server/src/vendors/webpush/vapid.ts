import { createECDH } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { z } from "zod";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { createLru } from "../../core/lru.ts";
import { callVendor, type Reading, textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { blameRecipient, failure, secretsInUrl } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { buttonsOf, extraOf, flagOf, textOf, ttlField, withoutBlanks } from "../common/push/push.ts";
import { encryptPush, type PushKeys } from "../common/push/push-encryption.ts";

const PUBLIC_KEY_BYTES = 65;
const PRIVATE_KEY_BYTES = 32;
const AUTH_BYTES = 16;
const HOUR_MS = 3_600_000;
/** At most a day: https://www.rfc-editor.org/rfc/rfc8292#section-2. Replaced when half of it is over. */
const TOKEN_MS = 12 * HOUR_MS;
/** There are five push services; anybody can make up others by naming them in a subscription. */
const MAX_ORIGINS = 100;

const config = z
  .object({
    public_key: z.string().trim().default("").meta({
      title: "Public key",
      description:
        "The application server key with which pages subscribe: the SDK's vapidKey. Absent, like the private key: the stored pair stays, and the first one is made.",
    }),
    private_key: secret(z.string().trim().default("")).meta({
      title: "Private key",
      description:
        "Subscriptions work with the pair that they were made with, and no other: enter it to go on with one that you have.",
    }),
    subject: z
      .string()
      .trim()
      .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, "must be mailto:… or https://…")
      .meta({
        title: "Contact",
        description: "Where push services reach you: mailto:ops@example.com, or the URL of a page.",
      }),
    ttl_hours: ttlField,
    drop_mismatched: z.boolean().default(false).meta({
      title: "Drop subscriptions of an earlier key pair",
      description:
        "Switch it on after replacing the pair: subscriptions made with the old one are refused forever. Off: a wrong pair entered by mistake deactivates nobody.",
    }),
  })
  .superRefine(({ public_key, private_key }, context) => {
    const expected = publicKeyOf(private_key);
    if (expected === null) {
      const message = "must be 32 bytes in base64url";
      context.addIssue({ code: "custom", path: ["private_key"], message });
    } else if (bytesOf(public_key).toString("base64url") !== expected) {
      const message = `is not the public half of private_key, which is ${expected}`;
      context.addIssue({ code: "custom", path: ["public_key"], message });
    }
  });

type Config = z.output<typeof config>;

/**
 * Web push with VAPID: https://www.rfc-editor.org/rfc/rfc8030 (the request), RFC 8291 (encryption), RFC 8292 (the
 * signature). The payload is what SuprSend's service worker shows: options of a Notification, the tracking id and the
 * links under `data`. A repeated attempt has the same `Topic` and `tag`, so the browser shows it once.
 *
 * What services answer to a key pair that is not the subscription's: FCM 403 "the VAPID credentials in the authorization
 * header do not correspond to…" (https://github.com/web-push-libs/web-push/issues/941), Mozilla 401 "VAPID public key
 * mismatch" (https://mozilla-push-service.readthedocs.io/en/latest/http.html#error-codes), Apple 400 VapidPkHashMismatch.
 */
export default defineVendor({
  slug: "vapid-webpush",
  vendor: "vapid",
  channel: "webpush",
  provider: "vapid",
  name: "Web push (VAPID)",
  has_many_hosts: true,
  config,
  make,
  open,
});

/** A pair that is there is never replaced unasked: every subscription would be lost. */
function make(given: JsonObject, stored: unknown): JsonObject {
  const isBlank = (value: unknown) => value === undefined || value === null || value === "";
  if (!isBlank(given.public_key) || !isBlank(given.private_key)) return given;
  const known = isJsonObject(stored) ? stored : {};
  if (isBlank(known.private_key)) return { ...given, ...createPair() };
  return { ...given, public_key: known.public_key ?? "", private_key: known.private_key ?? "" };
}

function createPair(): { public_key: string; private_key: string } {
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  // Without its leading zeros the number would be shorter in one of 256.
  const private_key = Buffer.from(pair.getPrivateKey("hex").padStart(2 * PRIVATE_KEY_BYTES, "0"), "hex");
  return { public_key: pair.getPublicKey("base64url"), private_key: private_key.toString("base64url") };
}

interface Subscription {
  endpoint: string;
  /** Of the push service. */
  origin: string;
  keys: PushKeys;
}

function open(settings: Config, { http, now }: VendorDeps): VendorConnection {
  const authorize = createSigner(settings, now);
  return {
    async send(message, signal) {
      const subscription = subscriptionOf(message.to);
      const body = subscription === null ? null : encrypted(message, subscription.keys);
      if (subscription === null || body === null) {
        const text = "the subscription has no usable endpoint or keys";
        return { ...failure("recipient", "invalid_subscription", text), inactivate: true };
      }
      const { endpoint, origin } = subscription;
      const call = {
        url: endpoint,
        headers: {
          authorization: await authorize(origin),
          "content-encoding": "aes128gcm",
          "content-type": "application/octet-stream",
          ttl: String(settings.ttl_hours * 3600),
          // With normal urgency a sleeping device gets it later, which is right only where it makes no sound.
          urgency: flagOf(message, "is_silent", false) ? "normal" : "high",
          topic: message.message_id,
        },
        body,
      };
      return blameRecipient(await callVendor(http, call, readingFor(settings, endpoint), signal));
    },
  };
}

/** Signs for each push service once in a while, not for each message. */
function createSigner({ public_key, private_key, subject }: Config, now: () => number) {
  const signed = createLru<{ authorization: Promise<string>; until: number }>(MAX_ORIGINS);

  async function sign(origin: string, expires: number): Promise<string> {
    const [x, y] = coordinatesOf(public_key);
    const jwk = { kty: "EC", crv: "P-256", x, y, d: bytesOf(private_key).toString("base64url") };
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setAudience(origin)
      .setExpirationTime(Math.floor(expires / 1000))
      .setSubject(subject)
      .sign(await importJWK(jwk, "ES256"));
    return `vapid t=${token}, k=${bytesOf(public_key).toString("base64url")}`;
  }

  return (origin: string): Promise<string> => {
    const known = signed.get(origin);
    if (known !== undefined && now() < known.until) return known.authorization;
    const authorization = sign(origin, now() + TOKEN_MS);
    signed.set(origin, { authorization, until: now() + TOKEN_MS / 2 });
    return authorization;
  };
}

function encrypted(message: OutgoingMessage, keys: PushKeys): Buffer | null {
  const payload = Buffer.from(JSON.stringify(payloadOf(message)));
  try {
    return encryptPush(payload, keys);
  } catch {
    // The key is no point of the curve.
    return null;
  }
}

function payloadOf(message: OutgoingMessage) {
  const buttons = buttonsOf(message);
  const silent = flagOf(message, "is_silent", false);
  const links = buttons.map(({ id, url }) => [id, url] as const);
  return withoutBlanks({
    title: textOf(message, "header"),
    body: textOf(message, "body"),
    icon: textOf(message, "icon_url"),
    image: textOf(message, "image_url"),
    badge: textOf(message, "badge_url"),
    // Browsers refuse a notification that is silent and vibrates.
    vibrate: silent ? [] : durationsOf(message),
    sound: textOf(message, "sound"),
    dir: textOf(message, "dir") || "auto",
    lang: textOf(message, "lang"),
    tag: textOf(message, "group") || message.message_id,
    requireInteraction: flagOf(message, "is_sticky", false),
    renotify: flagOf(message, "renotify", false),
    silent,
    actions: buttons.map(({ id, text, icon }) => withoutBlanks({ action: id, title: text, icon })),
    data: {
      ...Object.fromEntries(extraOf(message)),
      notification_id: message.message_id,
      launch_urls: withoutBlanks({ ...Object.fromEntries(links), default: textOf(message, "action_url") }),
    },
  });
}

function durationsOf({ content }: OutgoingMessage): number[] {
  const { vibrate } = content;
  return Array.isArray(vibrate) ? vibrate.filter((duration) => typeof duration === "number") : [];
}

function readingFor({ private_key, drop_mismatched }: Config, endpoint: string): Reading {
  return {
    accepted: ({ status, headers }) =>
      status >= 200 && status < 300 ? { vendor_message_id: headers.location ?? null } : null,
    refused: (reply) => refused(reply, drop_mismatched),
    // The endpoint is a credential too. Only an error asks for these.
    get secrets() {
      return [private_key, ...secretsInUrl(endpoint)];
    },
  };
}

const MISMATCH =
  /do(?:es)? not correspond to the (?:credentials|sender id)|public key mismatch|VapidPkHashMismatch/i;

function refused({ status, body, json }: VendorReply, drop_mismatched: boolean) {
  const code = textAt(json, "reason") || textAt(json, "errno");
  const message = textAt(json, "message") || textAt(json, "reason");
  if (status === 404 || status === 410) {
    return { class: "recipient", code: code || "gone", message, inactivate: true } as const;
  }
  if (MISMATCH.test(body)) {
    return { class: "recipient", code: "vapid_mismatch", message, inactivate: drop_mismatched } as const;
  }
  if (status === 400 || status === 401 || status === 403) return { class: "config", code, message } as const;
  return { code, message };
}

function subscriptionOf(to: OutgoingMessage["to"]): Subscription | null {
  const endpoint = textAt(to, "endpoint");
  const p256dh = bytesOf(textAt(to, "keys", "p256dh"));
  const auth = bytesOf(textAt(to, "keys", "auth"));
  const url = URL.parse(endpoint);
  const isUsable = p256dh.length === PUBLIC_KEY_BYTES && auth.length === AUTH_BYTES;
  if (!isUsable || url === null || !/^https?:$/.test(url.protocol)) return null;
  return { endpoint, origin: url.origin, keys: { p256dh, auth } };
}

/** The public key in base64url; null where the private key is none. */
function publicKeyOf(private_key: string): string | null {
  const bytes = bytesOf(private_key);
  if (bytes.length !== PRIVATE_KEY_BYTES) return null;
  const pair = createECDH("prime256v1");
  try {
    pair.setPrivateKey(bytes);
  } catch {
    return null;
  }
  return pair.getPublicKey("base64url");
}

function coordinatesOf(public_key: string): [x: string, y: string] {
  const bytes = bytesOf(public_key);
  return [bytes.subarray(1, 33).toString("base64url"), bytes.subarray(33).toString("base64url")];
}

/** Browsers and tools write base64url, some with padding, some plain base64: Node reads all of them. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
