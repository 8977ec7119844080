import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { deleteRecipients } from "../delete-recipients.ts";
import { ONE_OBJECT } from "../present-profile.ts";
import { userIds } from "./user-ids.ts";

const body = z.object({ distinct_ids: userIds }, ONE_OBJECT);

export default defineRoute({
  method: "DELETE",
  path: "/v1/bulk/user/",
  summary: "Delete up to 100 users for good",
  body,
  reply: { status: 204, description: "Gone. Ids without a user are no error." },
  errors: ["invalid_request_error", "bad_json"],
  async handle({ body, auth, db }) {
    await deleteRecipients(db, auth.workspace.workspace_id, "", body.distinct_ids);
  },
});
