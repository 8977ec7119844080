import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { deleteSigningKey } from "../../../workspaces/keys.ts";
import { signingKeyNotFound, signingKeyParams } from "./present-signing-key.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/ws_signing_key/:signing_key_uid/",
  summary: "Take a signing key back",
  params: signingKeyParams,
  reply: {
    status: 204,
    description:
      "What it has signed is no longer valid; other processes than this one may accept it for ten seconds more.",
  },
  errors: ["not_found"],
  async handle({ params: { signing_key_uid }, auth, db, services }) {
    const gone = await deleteSigningKey(db, auth.workspace.workspace_id, signing_key_uid, editorOf(auth));
    if (!gone) throw signingKeyNotFound(signing_key_uid);
    db.afterCommit(services.workspaces.forget);
  },
});
