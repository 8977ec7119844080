import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { domainsBody, editPublicKey, publicKeyParams, publicKeyShape } from "./present-public-key.ts";

const isSecure = z.boolean("Must be a valid boolean.");

/** Clients of the published API always send the first field. */
const body = z
  .object({ is_secure_mode_enabled: isSecure.optional(), allowed_domains: domainsBody.optional() })
  .refine((changes) => Object.values(changes).some((change) => change !== undefined), {
    path: ["is_secure_mode_enabled"],
    error: "This field is required.",
  })
  .meta({ example: { is_secure_mode_enabled: true, allowed_domains: ["app.example.com"] } });

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/ws_public_key/:public_key_id/",
  summary: "Change whether apps with a public key must prove who uses them, and which pages may use it",
  params: publicKeyParams,
  body,
  reply: {
    status: 202,
    body: publicKeyShape,
    description: "The key. Other processes heed a change within ten seconds.",
  },
  errors: ["validation_error", "not_found", "bad_json"],
  handle: ({ params: { public_key_id }, body, ...context }) => editPublicKey(context, public_key_id, body),
});
