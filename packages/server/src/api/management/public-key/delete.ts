import { defineRoute } from "../../../http/route.ts";
import { editPublicKey, publicKeyParams } from "./present-public-key.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/ws_public_key/:public_key_id/",
  summary: "Take a public key back",
  params: publicKeyParams,
  reply: {
    status: 204,
    description:
      "The key is no longer accepted; other processes than this one may accept it for ten seconds more.",
  },
  errors: ["not_found"],
  async handle({ params: { public_key_id }, ...context }) {
    await editPublicKey(context, public_key_id, { delete: true });
  },
});
