import { defineRoute } from "../../../http/route.ts";
import { DELETE_MS } from "../delete-recipients.ts";
import { deleteUsers, ERASURE_NOTE } from "./delete-users.ts";
import { userNotFound, userParams } from "./present-user.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/user/:distinct_id/",
  summary: "Delete a user for good",
  params: userParams,
  reply: {
    status: 204,
    description: `Gone, with its identities, preferences, lists, subscriptions and inbox. ${ERASURE_NOTE}`,
  },
  statement_ms: DELETE_MS,
  errors: ["not_found"],
  async handle({ params, auth, db, services }) {
    const { distinct_id } = params;
    const reply = await deleteUsers(db, services, auth.workspace.workspace_id, [distinct_id]);
    if (reply === null) throw userNotFound(distinct_id);
    return reply;
  },
});
