import { isRecent, isSame, type Proof, type WebhookRequest } from "../../../delivery/vendor/webhook.ts";
import { createHmac } from "node:crypto";

/**
 * Signatures as Svix makes them: HMAC-SHA256 over `id.timestamp.body`, several of them separated by spaces while a
 * secret is being replaced. https://docs.svix.com/receiving/verifying-payloads/how-manual
 */
export function verifySvix(request: WebhookRequest, secret: string): Proof {
  if (secret === "") return "unsigned";
  const { headers, body } = request;
  const { "svix-id": id = "", "svix-timestamp": timestamp = "", "svix-signature": signatures = "" } = headers;
  if (!/^\d{1,12}$/.test(timestamp) || !isRecent(Number(timestamp), request)) return "forged";
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const isOurs = signatures.split(" ").some((signature) => isSame(signature, `v1,${expected}`));
  return isOurs ? "verified" : "forged";
}
