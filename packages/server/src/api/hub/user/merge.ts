import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import { DELETE_MS } from "../delete-recipients.ts";
import { idError, ONE_OBJECT } from "../present-profile.ts";
import { lockUsers, mergeUsers } from "./merge-users.ts";
import { presentUser, userId, userNotFound, userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/user/:distinct_id/merge/",
  summary: "Merge another user into this one, and delete the other one for good",
  params: userParams,
  body: z
    .object({ from_user_id: userId(idError).describe("The user who is deleted.") }, ONE_OBJECT)
    .meta({ example: { from_user_id: "ann-anonymous" } }),
  reply: {
    status: 201,
    body: userShape,
    description:
      "The user with what both had. Where both had something, this user's stays: properties, profiles in tenants and preferences key by key. Lists, subscriptions, the inbox and what is under way come along; logs of messages keep the other's id.",
  },
  statement_ms: DELETE_MS,
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace } = auth;
    const { workspace_id } = workspace;
    const { recipients } = services;
    const { distinct_id } = params;
    const { from_user_id } = body;
    if (from_user_id === distinct_id) {
      throw new AppError("invalid_request_error", "from_user_id: must be another user");
    }
    const rows = await lockUsers(db, workspace_id, [distinct_id, from_user_id]);
    const to = rows.get(distinct_id);
    const from = rows.get(from_user_id);
    if (to === undefined) throw userNotFound(distinct_id);
    if (from === undefined) {
      throw new AppError("not_found", `from_user_id: [distinct_id: '${from_user_id}'] not found`);
    }
    const refusal = await mergeUsers(db, services, workspace_id, { from, to });
    if (refusal !== null) throw new AppError("invalid_request_error", refusal);
    const key = { object_type: "", distinct_id };
    const user = (await recipients.load(db, workspace_id, [key])).get(recipientKey(key));
    if (user === undefined) throw new Error("the user was not locked");
    return presentUser(user, workspace);
  },
});
