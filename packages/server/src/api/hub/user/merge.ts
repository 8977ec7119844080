import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { takeOverMemberships } from "../../../lists/members.ts";
import { takeOverPreferences } from "../../../preferences/take-over.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import { DELETE_MS, deleteRecipients } from "../delete-recipients.ts";
import { idError, ONE_OBJECT } from "../present-profile.ts";
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
    const { recipients, engine } = services;
    const { distinct_id } = params;
    const { from_user_id } = body;
    if (from_user_id === distinct_id) {
      throw new AppError("invalid_request_error", "from_user_id: must be another user");
    }
    // In key order, like edits and deletions.
    const rows = await db.kysely
      .selectFrom("recipient")
      .select(["id", "distinct_id"])
      .where("workspace_id", "=", workspace_id)
      .where("object_type", "=", "")
      .where("distinct_id", "in", [distinct_id, from_user_id])
      .orderBy("distinct_id")
      .forUpdate()
      .execute();
    const idOf = (wanted: string) => rows.find((row) => row.distinct_id === wanted)?.id;
    const to = idOf(distinct_id);
    const from = idOf(from_user_id);
    if (to === undefined) throw userNotFound(distinct_id);
    if (from === undefined) {
      throw new AppError("not_found", `from_user_id: [distinct_id: '${from_user_id}'] not found`);
    }
    const takeover = { from, to };
    // First: runs that watch the one profile hear of the change of the other.
    await engine.followMerge(db, workspace_id, {
      ...takeover,
      distinct_id: from_user_id,
      into_distinct_id: distinct_id,
    });
    const refusal = await recipients.takeOver(db, workspace_id, takeover);
    if (refusal !== null) throw new AppError("invalid_request_error", refusal);
    await takeOverPreferences(db, workspace_id, takeover);
    await takeOverMemberships(db, workspace_id, takeover);
    await db.kysely
      .updateTable("inbox_item")
      .set({ recipient_id: to })
      .where("workspace_id", "=", workspace_id)
      .where("recipient_id", "=", from)
      .execute();
    await deleteRecipients(db, workspace_id, "", [from_user_id]);
    const key = { object_type: "", distinct_id };
    const user = (await recipients.load(db, workspace_id, [key])).get(recipientKey(key));
    if (user === undefined) throw new Error("the user was not locked");
    return presentUser(user, workspace);
  },
});
