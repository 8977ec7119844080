import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { deleteUsers } from "./delete-users.ts";
import { userId } from "./present-user.ts";

const distinct_id = userId({
  error: (issue) => (issue.input === null ? "is a required field" : "must be a string"),
});

const body = z.object(
  {
    distinct_ids: z
      .array(distinct_id, {
        error: (issue) => (issue.input == null ? "is a required field" : "must be an array"),
      })
      .min(1, "must contain at least 1 item")
      .max(100, "must contain at maximum 100 items"),
  },
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
