import { createPrivateKey } from "node:crypto";
import { SignJWT } from "jose";
import { z } from "zod";
import { retryAfterSeconds } from "../../delivery/http/http.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import {
  judgeReply,
  listAt,
  type Reading,
  type Refusal,
  textAt,
  type VendorCall,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { createOAuth } from "../common/push/oauth.ts";
import { buttonsOf, countOf, extraOf, flagOf, textOf, ttlField, withoutBlanks } from "../common/push/push.ts";

const TOKEN_URL = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
const TIMEOUT_MS = 10_000;
const HOUR_SECONDS = 3600;

/** The members that are used of the file that the Firebase console hands out. */
interface ServiceAccount {
  project_id: string;
  client_email: string;
  private_key: string;
}

const config = z.object({
  service_account: secret(
    z.string().superRefine((text, context) => {
      const problem = problemOf(text);
      if (problem !== null) context.addIssue({ code: "custom", message: problem });
    }),
  ).meta({
    title: "Service account",
    description:
      "The whole JSON file of Firebase: Project settings, Service accounts, Generate new private key.",
  }),
  ttl_hours: ttlField,
});

type Config = z.output<typeof config>;

/**
 * Firebase Cloud Messaging, HTTP v1: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send,
 * errors as in https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, the token by a signed JWT as in
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest.
 *
 * Messages have data and no notification: SuprSend's Android SDK, or an app that knows its contract, reads the JSON text
 * under `supr_send_n_pl` and shows it. The SDK shows a `notificationGroupId` once, so an attempt that is repeated is
 * seen once. There is no collapse key: FCM keeps only four different ones for a device that is off.
 */
export default defineVendor({
  slug: "fcm-androidpush",
  vendor: "fcm",
  channel: "androidpush",
  provider: "fcm",
  name: "Firebase Cloud Messaging",
  config,
  open,
});

function open({ service_account, ttl_hours }: Config, { http, now }: VendorDeps): VendorConnection {
  const account = accountOf(service_account);
  const secrets = [service_account, account.private_key];
  const oauth = createOAuth({ http, now, grant: () => grantFor(account, now()), secrets });
  const reading: Reading = { accepted, refused, secrets };
  const url = `https://fcm.googleapis.com/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`;

  const call = async (json: object, signal: AbortSignal) => {
    const reply = await oauth.exchange({ url, json, timeout_ms: TIMEOUT_MS }, signal);
    return "kind" in reply ? reply : judgeReply(reply, reading);
  };

  return {
    send: (message, signal) => call({ message: bodyOf(message, ttl_hours * HOUR_SECONDS) }, signal),
    async verify(signal) {
      const test = { topic: "carillon-verification", data: { test: "1" } };
      const outcome = await call({ validate_only: true, message: test }, signal);
      return outcome.kind === "sent" ? { ok: true } : { ok: false, message: outcome.message };
    },
  };
}

function bodyOf(message: OutgoingMessage, ttl: number) {
  const data = [...extraOf(message), ["supr_send_n_pl", JSON.stringify(notificationOf(message))] as const];
  return {
    token: typeof message.to === "string" ? message.to : "",
    data: Object.fromEntries(
      data.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    android: {
      // With normal priority a sleeping device gets it minutes later, which is right only where nobody is to see it.
      priority: flagOf(message, "is_silent", false) ? "NORMAL" : "HIGH",
      ttl: `${ttl}s`,
    },
  };
}

/**
 * What the SDK reads. Older and newer versions name a drawable differently, so it is there under both names. A
 * category is a notification channel of the device, whose name people see in its settings.
 */
function notificationOf(message: OutgoingMessage) {
  const { message_id, category } = message;
  const body = textOf(message, "body");
  const icon = textOf(message, "icon_small");
  const seconds = countOf(message, "timeout_sec");
  return withoutBlanks({
    id: message_id,
    notificationGroupId: message_id,
    silentPush: flagOf(message, "is_silent", false),
    channelId: category || "main",
    channelName: nameOf(category) || "Main",
    channelShowBadge: flagOf(message, "channel_show_badge", true),
    channelLockScreenVisibility: textOf(message, "channel_lock_screen_visibility") || "PUBLIC",
    channelImportance: textOf(message, "channel_importance") || "DEFAULT",
    channelSound: textOf(message, "channel_sound"),
    priority: textOf(message, "priority") || "DEFAULT",
    smallIconDrawableName: icon,
    smallIconIdentifierName: icon,
    color: textOf(message, "color"),
    notificationTitle: textOf(message, "header"),
    subText: textOf(message, "subtext"),
    shortDescription: body,
    longDescription: body,
    iconUrl: textOf(message, "icon_url"),
    imageUrl: textOf(message, "image_url"),
    deeplink: textOf(message, "action_url"),
    category,
    group: textOf(message, "group"),
    onGoing: flagOf(message, "is_sticky", false),
    autoCancel: flagOf(message, "auto_cancel", true),
    timeoutAfter: seconds > 0 ? seconds * 1000 : undefined,
    localOnly: flagOf(message, "local_only", true),
    actions: buttonsOf(message).map(({ id, text, url }) => ({ id, title: text, link: url })),
  });
}

/** `order-updates` as people read it: `Order updates`. */
function nameOf(category: string): string {
  const words = category.replaceAll(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

async function grantFor(account: ServiceAccount, now: number): Promise<VendorCall> {
  const seconds = Math.floor(now / 1000);
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(account.client_email)
    .setAudience(TOKEN_URL)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + HOUR_SECONDS)
    .sign(createPrivateKey(account.private_key));
  return { url: TOKEN_URL, form: { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion } };
}

function accepted({ status, json }: VendorReply) {
  return status === 200 ? { vendor_message_id: textAt(json, "name") } : null;
}

const CLASSES: Readonly<Record<string, FailureClass>> = {
  UNREGISTERED: "recipient",
  // The token is alive, but of another project: a mistake of ours, which must not cost people their tokens.
  SENDER_ID_MISMATCH: "recipient",
  INVALID_ARGUMENT: "message",
  THIRD_PARTY_AUTH_ERROR: "config",
  UNAUTHENTICATED: "config",
  PERMISSION_DENIED: "config",
  QUOTA_EXCEEDED: "throttled",
  RESOURCE_EXHAUSTED: "throttled",
  UNAVAILABLE: "transient",
  INTERNAL: "transient",
};

/** Google asks for a minute at least: https://firebase.google.com/docs/cloud-messaging/scale-fcm#errors */
const QUOTA_SECONDS = 60;

function refused({ json, headers }: VendorReply): Refusal {
  const message = textAt(json, "error", "message");
  const code = fcmCode(json) || textAt(json, "error", "status");
  if (code === "UNREGISTERED" || isTokenProblem(json, code, message)) {
    return { class: "recipient", code, message, inactivate: true };
  }
  const kind = ownValue(CLASSES, code);
  if (kind !== "throttled") return { class: kind, code, message };
  const retry_after = Math.max(QUOTA_SECONDS, retryAfterSeconds(headers) ?? 0);
  return { class: kind, code, message, retry_after };
}

function fcmCode(json: unknown): string {
  const detail = listAt(json, "error", "details").find((entry) => textAt(entry, "errorCode") !== "");
  return textAt(detail, "errorCode");
}

/** A token that never was one, or of an app that is gone: https://firebase.google.com/docs/cloud-messaging/error-codes */
function isTokenProblem(json: unknown, code: string, message: string): boolean {
  if (code === "NOT_FOUND") return /requested entity was not found/i.test(message);
  if (code !== "INVALID_ARGUMENT") return false;
  const fields = listAt(json, "error", "details").flatMap((entry) => listAt(entry, "fieldViolations"));
  return (
    /registration token/i.test(message) || fields.some((field) => textAt(field, "field") === "message.token")
  );
}

/** Why a text is no service account; null if it is one. */
function problemOf(text: string): string | null {
  const account = parseReply(text);
  if (account === undefined) return "not JSON: paste the whole file";
  if (textAt(account, "type") !== "service_account")
    return 'not a service account: "type" must be "service_account"';
  for (const member of ["project_id", "client_email", "private_key"]) {
    if (textAt(account, member) === "") return `"${member}" is missing`;
  }
  try {
    if (createPrivateKey(textAt(account, "private_key")).asymmetricKeyType === "rsa") return null;
  } catch {
    // Said below.
  }
  return '"private_key" is not an RSA key in PEM';
}

function accountOf(text: string): ServiceAccount {
  const account = parseReply(text);
  return {
    project_id: textAt(account, "project_id"),
    client_email: textAt(account, "client_email"),
    private_key: textAt(account, "private_key"),
  };
}
