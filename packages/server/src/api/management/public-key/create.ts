import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { createPublicKey } from "../../../workspaces/keys.ts";
import { newKeyBody } from "../key-fields.ts";
import { getPublicKey, publicKeyShape } from "./present-public-key.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/ws_public_key/",
  summary: "Make a public key",
  body: newKeyBody,
  reply: { status: 201, body: publicKeyShape },
  errors: ["validation_error", "bad_json"],
  async handle({ body: { name, description }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const key = { name, description: description ?? null };
    const id = await createPublicKey(db, workspace_id, key, { actor: editorOf(auth) }, services.ids);
    return getPublicKey(db, workspace_id, id);
  },
});
