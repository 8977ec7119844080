import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { editPublicKey, publicKeyParams, publicKeyShape } from "./present-public-key.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/ws_public_key/:public_key_id/rotate/",
  summary: "Give a public key another value",
  params: publicKeyParams,
  reply: {
    status: 202,
    body: publicKeyShape,
    description: "The key under the same id; its old value is no longer accepted.",
  },
  errors: ["not_found"],
  handle: ({ params: { public_key_id }, auth, db }) =>
    editPublicKey(db, auth.workspace.workspace_id, public_key_id, { rotate: true }, editorOf(auth)),
});
