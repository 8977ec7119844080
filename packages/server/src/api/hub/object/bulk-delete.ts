import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { DELETE_MS, deleteRecipients } from "../delete-recipients.ts";
import { idError, idsOf, ONE_OBJECT, recipientId } from "../present-profile.ts";
import { typeParams } from "./present-object.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/bulk/object/:object_type/",
  summary: "Delete up to 100 objects of one type for good",
  params: typeParams,
  body: z.object({ object_ids: idsOf(recipientId(idError), 100) }, ONE_OBJECT),
  reply: { status: 204, description: "Gone. Ids without an object are no error." },
  statement_ms: DELETE_MS,
  errors: ["invalid_request_error", "bad_json"],
  async handle({ params, body, auth, db }) {
    await deleteRecipients(db, auth.workspace.workspace_id, params.object_type, body.object_ids);
  },
});
