import { createVerify, X509Certificate } from "node:crypto";
import { createLru, type Lru } from "../../../core/lru.ts";
import { type HttpClient, HttpCallError } from "../../../delivery/http/http.ts";
import { textAt, ownValue } from "../../../delivery/vendor/call.ts";
import {
  jsonOf,
  MalformedReport,
  type Proof,
  type WebhookDeps,
  type WebhookReply,
  type WebhookRequest,
} from "../../../delivery/vendor/webhook.ts";

/*
 * Messages that Amazon SNS posts to an HTTPS subscription, signed with the key of a certificate that they name:
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 *
 * The signature proves that SNS sent the message, not for whom: anybody can make a topic. So a message is `verified`
 * only where the settings name its topic. A message keeps the time at which it was published however late it is
 * delivered (SNS tries for hours), so an old one is no sign of a recording.
 */

/** The signed fields, in the order in which they are signed. */
const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

type SnsType = keyof typeof SIGNED;

const ALGORITHMS: Readonly<Record<string, string>> = { "1": "RSA-SHA1", "2": "RSA-SHA256" };

/** Whoever signs, SNS serves its certificates and confirms subscriptions at addresses of its own only. */
const SNS_HOST = /^sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?$/;

const MAX_CERTIFICATES = 20;

/** Certificates by their address. They change once a year or so, so each is fetched once by a process. */
const certificates = new WeakMap<HttpClient, Lru<X509Certificate>>();

/** The text of a notification: what was published to the topic. Null: the message is none. */
export function readSnsNotification(request: WebhookRequest): string | null {
  const message = jsonOf(request);
  if (textAt(message, "Type") === "")
    throw new MalformedReport("the body has no `Type`: it is no message of SNS");
  return textAt(message, "Type") === "Notification" ? textAt(message, "Message") : null;
}

/** `topic_arn` is the topic of the settings; blank: any. Throws `HttpCallError` if the certificate cannot be had. */
export async function verifySns(
  request: WebhookRequest,
  topic_arn: string,
  deps: WebhookDeps,
): Promise<Proof> {
  let message: unknown;
  try {
    message = jsonOf(request);
  } catch {
    return "forged";
  }
  if (topic_arn !== "" && textAt(message, "TopicArn") !== topic_arn) return "forged";
  if (!(await isSigned(message, deps))) return "forged";
  return topic_arn === "" ? "unsigned" : "verified";
}

/** Confirms a subscription of the topic of the settings to this address. Null: the request is a notification. */
export async function greetSns(
  request: WebhookRequest,
  topic_arn: string,
  deps: WebhookDeps,
): Promise<WebhookReply | null> {
  const type = typeOf(request);
  if (type === null || type === "Notification") return null;
  try {
    return await confirm(type, request, topic_arn, deps);
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    // Anything but a 2xx and a 4xx makes SNS try again.
    return { status: 502, body: "SNS could not be reached" };
  }
}

async function confirm(
  type: SnsType,
  request: WebhookRequest,
  topic_arn: string,
  deps: WebhookDeps,
): Promise<WebhookReply> {
  if ((await verifySns(request, topic_arn, deps)) === "forged") {
    return { status: 403, body: "not a message that SNS signed for the topic of the settings" };
  }
  if (type === "UnsubscribeConfirmation") return { status: 200, body: "unsubscribed" };
  const url = textAt(jsonOf(request), "SubscribeURL");
  if (!isOfSns(url)) return { status: 403, body: "SubscribeURL is no address of SNS" };
  const { status } = await deps.http.request({ method: "GET", url, timeout_ms: 10_000 });
  if (status >= 200 && status < 300) return { status: 200, body: "subscribed" };
  return { status: 502, body: `SNS answered HTTP ${status} to the confirmation` };
}

function typeOf(request: WebhookRequest): SnsType | null {
  try {
    const type = textAt(jsonOf(request), "Type");
    return Object.hasOwn(SIGNED, type) ? (type as SnsType) : null;
  } catch {
    return null;
  }
}

async function isSigned(message: unknown, deps: WebhookDeps): Promise<boolean> {
  const type = textAt(message, "Type");
  const algorithm = ownValue(ALGORITHMS, textAt(message, "SignatureVersion"));
  if (!Object.hasOwn(SIGNED, type) || algorithm === undefined) return false;
  const certificate = await findCertificate(textAt(message, "SigningCertURL"), deps);
  if (certificate === null) return false;
  const verifier = createVerify(algorithm);
  for (const field of SIGNED[type as SnsType]) {
    const value = textAt(message, field);
    // Only the subject may be missing.
    if (field !== "Subject" || value !== "") verifier.update(`${field}\n${value}\n`);
  }
  return verifier.verify(certificate.publicKey, textAt(message, "Signature"), "base64");
}

function isOfSns(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username } = new URL(url);
  return protocol === "https:" && port === "" && username === "" && SNS_HOST.test(hostname);
}

/** Null: there is none at that address, or it is none of SNS's. Throws if SNS cannot be asked. */
async function findCertificate(url: string, { http }: WebhookDeps): Promise<X509Certificate | null> {
  if (!isOfSns(url) || !new URL(url).pathname.endsWith(".pem")) return null;
  const known = certificates.get(http) ?? createLru<X509Certificate>(MAX_CERTIFICATES);
  certificates.set(http, known);
  const held = known.get(url);
  if (held !== undefined) return held;
  const { status, body } = await http.request({ method: "GET", url, timeout_ms: 10_000 });
  if (status >= 500)
    throw new HttpCallError("bad_reply", `SNS answered HTTP ${status} for its certificate`, true);
  if (status !== 200) return null;
  try {
    const certificate = new X509Certificate(body);
    known.set(url, certificate);
    return certificate;
  } catch {
    return null;
  }
}
