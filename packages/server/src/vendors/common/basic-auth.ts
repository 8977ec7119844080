import { z } from "zod";
import { basicAuth } from "../../delivery/vendor/call.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { isSame, type Proof, type WebhookRequest } from "../../delivery/vendor/webhook.ts";

/*
 * Reports of vendors that do not sign them, but call an address with a user and a password in it.
 */

export const webhookLoginFields = {
  webhook_user: z
    .string()
    .regex(/^[^:\p{Cc}]*$/u, "has no colon")
    .default("")
    .meta({
      title: "Webhook user",
      description:
        "As in the webhook's address: https://user:password@host/… Blank: reports are accepted without.",
    }),
  webhook_password: secret(z.string()).default("").meta({ title: "Webhook password" }),
};

export interface WebhookLogin {
  webhook_user: string;
  webhook_password: string;
}

export function verifyLogin(
  { headers }: WebhookRequest,
  { webhook_user, webhook_password }: WebhookLogin,
): Proof {
  if (webhook_user === "" && webhook_password === "") return "unsigned";
  const given = headers.authorization ?? "";
  return isSame(given, basicAuth(webhook_user, webhook_password)) ? "verified" : "forged";
}
