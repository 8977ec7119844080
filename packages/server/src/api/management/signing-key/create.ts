import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { createSigningKey } from "../../../workspaces/keys.ts";
import { newSigningKeyShape, presentNew } from "./present-signing-key.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/ws_signing_key/",
  summary: "Make the signing key of a workspace that has none",
  reply: {
    status: 201,
    body: newSigningKeyShape,
    description: "The private half is shown this once: only the other one is stored.",
  },
  errors: ["validation_error"],
  async handle({ auth, db, services }) {
    const { workspace_id } = auth.workspace;
    return presentNew(
      db,
      workspace_id,
      await createSigningKey(db, workspace_id, editorOf(auth), services.ids),
    );
  },
});
