import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { editPublicKey, publicKeyParams } from "./present-public-key.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/ws_public_key/:public_key_id/",
  summary: "Take a public key back",
  params: publicKeyParams,
  reply: { status: 204, description: "The key is no longer accepted." },
  errors: ["not_found"],
  async handle({ params: { public_key_id }, auth, db }) {
    await editPublicKey(db, auth.workspace.workspace_id, public_key_id, { delete: true }, editorOf(auth));
  },
});
