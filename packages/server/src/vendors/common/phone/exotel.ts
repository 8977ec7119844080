import { z } from "zod";
import { basicAuth, type VendorCall } from "../../../delivery/vendor/call.ts";
import { secret } from "../../../delivery/vendor/secret.ts";

/* An account at Exotel, which serves SMS and WhatsApp: https://developer.exotel.com/docs */

export const exotelFields = {
  account_sid: z
    .string()
    .trim()
    .regex(/^[\w-]{1,64}$/, "must be letters, digits, _ and -")
    .meta({ title: "Account SID" }),
  subdomain: z
    .enum(["api.exotel.com", "api.in.exotel.com"])
    .default("api.exotel.com")
    .meta({ title: "Subdomain", description: "api.exotel.com: Singapore; api.in.exotel.com: Mumbai." }),
  api_key: secret().meta({ title: "API key" }),
  api_token: secret().meta({ title: "API token" }),
};

export interface ExotelAccount {
  account_sid: string;
  subdomain: string;
  api_key: string;
  api_token: string;
}

/** The documentation writes key and token into the address; the same login stands in no log as a header. */
export function exotelLogin({ api_key, api_token }: ExotelAccount) {
  const authorization = basicAuth(api_key, api_token);
  return {
    headers: { authorization },
    secrets: [api_key, api_token, authorization.slice("Basic ".length)],
  };
}

/** Reads the account. */
export function exotelProbe(account: ExotelAccount): VendorCall {
  const url = `https://${account.subdomain}/v1/Accounts/${account.account_sid}.json`;
  return { url, headers: exotelLogin(account).headers };
}
