import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { DELETE_MS } from "../delete-recipients.ts";
import { ONE_OBJECT } from "../present-profile.ts";
import { deleteUsers, ERASURE_NOTE } from "./delete-users.ts";
import { userIds } from "./user-ids.ts";

const body = z.object({ distinct_ids: userIds }, ONE_OBJECT);

export default defineRoute({
  method: "DELETE",
  path: "/v1/bulk/user/",
  summary: "Delete up to 100 users for good",
  body,
  reply: {
    status: 204,
    description: `Gone. Ids without a user are no error. ${ERASURE_NOTE} There is one receipt for each user, in the order of the ids.`,
  },
  statement_ms: DELETE_MS,
  errors: ["invalid_request_error", "bad_json"],
  async handle({ body, auth, db, services }) {
    const reply = await deleteUsers(db, services, auth.workspace.workspace_id, body.distinct_ids);
    return reply ?? undefined;
  },
});
