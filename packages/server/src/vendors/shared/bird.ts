import { createHash } from "node:crypto";
import { isHmac, isRecent, type Proof, type WebhookRequest } from "../../delivery/vendor/webhook.ts";

/**
 * Signatures as Bird makes them: HMAC-SHA256 over time, address and the hash of the body, one on each line.
 * https://docs.bird.com/api/notifications-api/api-reference/webhooks/verifying-a-webhook
 */
export function verifyBird(request: WebhookRequest, key: string): Proof {
  if (key === "") return "unsigned";
  const { headers, url, body } = request;
  const signature = headers["messagebird-signature"] ?? "";
  const timestamp = headers["messagebird-request-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(timestamp) || !isRecent(Number(timestamp), request)) return "forged";
  const parts = [`${timestamp}\n${url}\n`, createHash("sha256").update(body).digest()];
  return isHmac(signature, { algorithm: "sha256", key, parts, encoding: "base64" }) ? "verified" : "forged";
}
