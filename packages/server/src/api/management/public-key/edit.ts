import { editorOf } from "../../editor.ts";
import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { editPublicKey, publicKeyParams, publicKeyShape } from "./present-public-key.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/ws_public_key/:public_key_id/",
  summary: "Change whether apps with a public key must prove who uses them",
  params: publicKeyParams,
  body: z.object({ is_secure_mode_enabled: z.boolean("Must be a valid boolean.") }),
  reply: { status: 202, body: publicKeyShape },
  errors: ["validation_error", "not_found", "bad_json"],
  handle: ({ params: { public_key_id }, body, auth, db }) =>
    editPublicKey(db, auth.workspace.workspace_id, public_key_id, body, editorOf(auth)),
});
