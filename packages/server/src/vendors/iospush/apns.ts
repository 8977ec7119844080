import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { z } from "zod";
import {
  judgeReply,
  type Reading,
  type Refusal,
  textAt,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { failure } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  Outcome,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { createHttp2Client } from "../common/push/http2.ts";
import { countOf, flagOf, textOf, ttlField, withoutBlanks } from "../common/push/push.ts";

const HOSTS = { production: "api.push.apple.com", development: "api.sandbox.push.apple.com" };
const PORT = 443;
const TIMEOUT_MS = 10_000;
const MINUTE_MS = 60_000;
/** Apple wants a token to be used for 20 to 60 minutes. */
const TOKEN_MS = 50 * MINUTE_MS;
const TOKEN_REST_MS = 20 * MINUTE_MS;

const config = z.object({
  mode: z.enum(["production", "development"]).default("production").meta({
    title: "Mode",
    description:
      "production for TestFlight and the App Store, development for builds that Xcode installs. In the wrong mode Apple answers BadDeviceToken.",
  }),
  private_key: secret(
    z.string().refine((text) => readKey(text) !== null, "not an APNs key: paste the whole .p8 file"),
  ).meta({
    title: "Auth key (.p8)",
    description:
      "The text of the file that Apple Developer lets you download once: Keys, Apple Push Notifications service.",
  }),
  key_id: z
    .string()
    .trim()
    .regex(/^[A-Z0-9]{10}$/, "must be ten capital letters and digits")
    .meta({ title: "Key ID" }),
  team_id: z
    .string()
    .trim()
    .regex(/^[A-Z0-9]{10}$/, "must be ten capital letters and digits")
    .meta({ title: "Team ID" }),
  bundle_id: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9.-]{1,155}$/, "must be a bundle ID, such as com.example.app")
    .meta({ title: "Bundle ID" }),
  ttl_hours: ttlField,
});

type Config = z.output<typeof config>;

/**
 * Apple Push Notification service, by token: https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns,
 * errors as in https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns, the
 * token as in https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns.
 *
 * The payload is what SuprSend's iOS SDK reads: `via_suprsend`, `nid`, `global_action_url` and `image_url` beside `aps`.
 * A repeated attempt has the same `apns-id` and `apns-collapse-id`, so the device shows it once.
 */
export default defineVendor({
  slug: "apns-iospush",
  vendor: "apns",
  channel: "iospush",
  provider: "apns",
  name: "Apple Push Notification service",
  config,
  open,
});

function open(settings: Config, { dial, now }: VendorDeps): VendorConnection {
  const client = createHttp2Client({ host: HOSTS[settings.mode], port: PORT, dial });
  const token = createToken(settings, now);
  const tokens = watchTokens();
  const reading: Reading = { accepted, refused, secrets: [settings.private_key] };

  async function post(
    path: string,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
    isLast = false,
  ): Promise<Outcome> {
    const { signed, made_at } = token.get();
    const authorized = { ...headers, authorization: `bearer ${await signed}` };
    const request = { method: "POST", path, headers: authorized, body, timeout_ms: TIMEOUT_MS };
    const reply = await client.request(request, signal);
    if ("kind" in reply) return reply;
    if (reasonOf(reply) === "ExpiredProviderToken" && !isLast && token.renew(made_at)) {
      return post(path, headers, body, signal, true);
    }
    return judgeReply(reply, reading);
  }

  return {
    async send(message, signal) {
      const device = typeof message.to === "string" ? message.to : "";
      if (!DEVICE_TOKEN.test(device)) {
        return {
          ...failure("recipient", "BadDeviceToken", "a device token is written in hex"),
          inactivate: true,
        };
      }
      const headers = headersOf(message, settings, now());
      const outcome = await post(`/3/device/${device}`, headers, JSON.stringify(payloadOf(message)), signal);
      return tokens.judge(outcome, settings.mode);
    },
    async verify(signal) {
      const headers = { "apns-topic": settings.bundle_id, "apns-push-type": "alert" };
      const outcome = await post(`/3/device/${NO_DEVICE}`, headers, '{"aps":{"alert":"test"}}', signal);
      // Apple looks at the device last: everything else was right.
      if (outcome.kind === "sent" || outcome.code === "BadDeviceToken") return { ok: true };
      return { ok: false, message: outcome.message };
    },
    close: client.close,
  };
}

/** Apple says that its length may change. */
const DEVICE_TOKEN = /^[0-9a-f]{8,400}$/i;
const NO_DEVICE = "0".repeat(64);

function headersOf(
  { message_id }: OutgoingMessage,
  { bundle_id, ttl_hours }: Config,
  now: number,
): Record<string, string> {
  return {
    "apns-id": uuidOf(message_id),
    "apns-collapse-id": message_id,
    "apns-topic": bundle_id,
    "apns-push-type": "alert",
    "apns-priority": "10",
    // Zero is not a time: it asks for one attempt.
    "apns-expiration": String(ttl_hours === 0 ? 0 : Math.floor(now / 1000) + ttl_hours * 3600),
  };
}

function payloadOf(message: OutgoingMessage) {
  return withoutBlanks({
    aps: withoutBlanks({
      alert: { title: textOf(message, "header"), body: textOf(message, "body") },
      badge: countOf(message, "badge"),
      sound: textOf(message, "sound"),
      "content-available": countOf(message, "content_available") || undefined,
      "mutable-content": countOf(message, "mutable_content") || undefined,
      "thread-id": textOf(message, "thread_identifier"),
    }),
    via_suprsend: flagOf(message, "via_suprsend", true) || undefined,
    nid: message.message_id,
    global_action_url: textOf(message, "action_url"),
    image_url: textOf(message, "image_url"),
  });
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The 128 bits of a ULID, as Apple writes ids. */
function uuidOf(ulid: string): string {
  let bits = 0n;
  for (const character of ulid) bits = (bits << 5n) | BigInt(Math.max(0, CROCKFORD.indexOf(character)));
  const hex = BigInt.asUintN(128, bits).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Signs with the key of the settings: one token for all messages of fifty minutes. */
function createToken({ private_key, key_id, team_id }: Config, now: () => number) {
  const key = readKey(private_key);
  let held: { signed: Promise<string>; made_at: number } | null = null;

  async function sign(made_at: number): Promise<string> {
    if (key === null) throw new Error("the settings were stored without a key");
    return new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: key_id })
      .setIssuer(team_id)
      .setIssuedAt(Math.floor(made_at / 1000))
      .sign(key);
  }

  return {
    get(): { signed: Promise<string>; made_at: number } {
      if (held === null || now() - held.made_at >= TOKEN_MS) held = { signed: sign(now()), made_at: now() };
      return held;
    },
    /**
     * Replaces the token made then, which has expired, unless that has been done already. False while it is too young to
     * have: then one of the two clocks is wrong, and Apple refuses those who renew often (TooManyProviderTokenUpdates).
     */
    renew(made_at: number): boolean {
      if (held?.made_at !== made_at) return true;
      if (now() - made_at < TOKEN_REST_MS) return false;
      held = null;
      return true;
    },
  };
}

function readKey(text: string): KeyObject | null {
  try {
    const key = createPrivateKey(text.trim());
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : null;
  } catch {
    return null;
  }
}

const WATCHED = 100;
const FEWEST = 5;
const MAX_BAD_SHARE = 0.2;

/**
 * Watches how many of the latest tokens were bad. A few are dead devices; many say that the mode or the bundle is wrong,
 * and must not cost everybody their token. Until a few messages are through, neither is known.
 */
function watchTokens() {
  const latest: boolean[] = [];
  return {
    judge(outcome: Outcome, mode: Config["mode"]): Outcome {
      const isBad = outcome.kind === "failed" && outcome.code === "BadDeviceToken";
      if (outcome.kind === "sent" || isBad) {
        latest.push(isBad);
        if (latest.length > WATCHED) latest.shift();
      }
      if (!isBad) return outcome;
      const share = latest.filter(Boolean).length / latest.length;
      if (share <= MAX_BAD_SHARE) return { ...outcome, inactivate: true };
      if (latest.length < FEWEST) return outcome;
      const percent = Math.round(share * 100);
      const message = `BadDeviceToken, as ${percent} % of the latest ${latest.length}: is the app a ${mode} build?`;
      return { ...outcome, class: "config", message };
    },
  };
}

function accepted({ status, headers }: VendorReply) {
  return status === 200 ? { vendor_message_id: headers["apns-id"] ?? null } : null;
}

const CLASSES: Readonly<Record<string, FailureClass>> = {
  BadDeviceToken: "recipient",
  DeviceTokenNotForTopic: "recipient",
  MissingDeviceToken: "recipient",
  Unregistered: "recipient",
  ExpiredToken: "recipient",
  BadTopic: "config",
  MissingTopic: "config",
  TopicDisallowed: "config",
  BadPath: "config",
  MethodNotAllowed: "config",
  PayloadEmpty: "message",
  PayloadTooLarge: "message",
  IdleTimeout: "transient",
  TooManyProviderTokenUpdates: "throttled",
  TooManyRequests: "throttled",
};

function refused(reply: VendorReply): Refusal {
  const code = reasonOf(reply);
  const message = code;
  if (reply.status === 410) return { class: "recipient", code, message, inactivate: true };
  return { class: ownValue(CLASSES, code), code, message };
}

function reasonOf({ json }: VendorReply): string {
  return textAt(json, "reason");
}
