import { defineRoute } from "../../../../http/route.ts";
import { changeDraft } from "../../../../lists/drafts.ts";
import { findUsers } from "../../user/find-users.ts";
import { membersBody, movedShape } from "../members-body.ts";
import { refusalOf, versionParams } from "../present-list.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/:list_id/version/:version_id/subscriber/add/",
  summary: "Add up to 10,000 users to a draft of a list",
  params: versionParams,
  body: membersBody,
  reply: { status: 201, body: movedShape },
  errors: ["validation_error", "not_found", "bad_json"],
  family: "management",
  async handle({ params, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const recipient_ids = await findUsers(db, workspace_id, body.distinct_ids);
    const change = { op: "add", recipient_ids } as const;
    const outcome = await changeDraft(db, workspace_id, params, change, services.ids);
    if (!outcome.ok) throw refusalOf(outcome.error, params);
    return { success: true, affected_count: outcome.value };
  },
});
