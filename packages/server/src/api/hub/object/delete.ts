import { defineRoute } from "../../../http/route.ts";
import { DELETE_MS, deleteRecipients } from "../delete-recipients.ts";
import { objectKey, objectNotFound, objectParams } from "./present-object.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/object/:object_type/:id/",
  summary: "Delete an object for good",
  params: objectParams,
  reply: {
    status: 204,
    description: "Gone, with its identities and its subscriptions of either side. Logs of messages stay.",
  },
  statement_ms: DELETE_MS,
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, auth, db }) {
    const { object_type, id } = params;
    const deleted = await deleteRecipients(db, auth.workspace.workspace_id, object_type, [id]);
    if (deleted === 0) throw objectNotFound(objectKey(params));
  },
});
