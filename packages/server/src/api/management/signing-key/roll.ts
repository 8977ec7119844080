import { z } from "zod";
import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { createSigningKey, retireSigningKey } from "../../../workspaces/keys.ts";
import { expiryField } from "../key-fields.ts";
import {
  newSigningKeyShape,
  presentNew,
  selectSigningKeys,
  signingKeyNotFound,
  signingKeyParams,
  wrongState,
} from "./present-signing-key.ts";

const body = z.object({
  expiry_at: expiryField("Until when what the old key has signed stays valid."),
});

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/ws_signing_key/:signing_key_uid/roll/",
  summary: "Replace the active signing key",
  params: signingKeyParams,
  body: body.optional(),
  reply: {
    status: 201,
    body: newSigningKeyShape,
    description: "The new key. Its private half is shown this once.",
  },
  errors: ["validation_error", "not_found", "bad_json"],
  async handle({ params: { signing_key_uid: uid }, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const known = await selectSigningKeys(db, workspace_id)
      .select("id")
      .where("uid", "=", uid)
      .where("deleted_at", "is", null)
      .executeTakeFirst();
    if (known === undefined) throw signingKeyNotFound(uid);
    const isRetired = await retireSigningKey(db, workspace_id, uid, body?.expiry_at ?? null, editorOf(auth));
    if (!isRetired) throw wrongState("only the active signing key can be rolled");
    db.afterCommit(services.workspaces.forget);
    return presentNew(
      db,
      workspace_id,
      await createSigningKey(db, workspace_id, editorOf(auth), services.ids),
    );
  },
});
