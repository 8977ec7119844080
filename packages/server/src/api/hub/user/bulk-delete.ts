import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { deleteUsers } from "./delete-users.ts";
import { userIds } from "./user-ids.ts";

const body = z.object(
  { distinct_ids: userIds },
  { error: "Request body must only contain a single JSON object" },
);

export default defineRoute({
  method: "DELETE",
  path: "/v1/bulk/user/",
  summary: "Delete up to 100 users for good",
  body,
  reply: { status: 204, description: "Gone. Ids without a user are no error." },
  errors: ["invalid_request_error", "bad_json"],
  async handle({ body, auth, db }) {
    await deleteUsers(db, auth.workspace.workspace_id, body.distinct_ids);
  },
});
