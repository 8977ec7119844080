import { defineRoute } from "../../../http/route.ts";
import { deleteRecipients } from "../delete-recipients.ts";
import { userNotFound, userParams } from "./present-user.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/user/:distinct_id/",
  summary: "Delete a user for good",
  params: userParams,
  reply: { status: 204, description: "Gone, with its identities and inbox. Logs of messages stay." },
  errors: ["not_found"],
  async handle({ params, auth, db }) {
    const deleted = await deleteRecipients(db, auth.workspace.workspace_id, "", [params.distinct_id]);
    if (deleted === 0) throw userNotFound(params.distinct_id);
  },
});
