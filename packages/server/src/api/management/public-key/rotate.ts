import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { expiryField } from "../key-fields.ts";
import { editPublicKey, publicKeyParams, publicKeyShape } from "./present-public-key.ts";

const body = z.object({
  expiry_at: expiryField("Until when the old value is still accepted, for apps that are yet to be updated."),
});

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/ws_public_key/:public_key_id/rotate/",
  summary: "Give a public key another value",
  params: publicKeyParams,
  body: body.optional(),
  reply: {
    status: 202,
    body: publicKeyShape,
    description:
      "The key under the same id; its old value is no longer accepted, or until `expiry_at`. Other processes heed it within ten seconds.",
  },
  errors: ["validation_error", "not_found", "bad_json"],
  handle: ({ params: { public_key_id }, body, ...context }) =>
    editPublicKey(context, public_key_id, { rotate: { old_expiry_at: body?.expiry_at ?? null } }),
});
