import { defineRoute } from "../../../../http/route.ts";
import { discardDraft } from "../../../../lists/drafts.ts";
import { refusalOf, SUCCESS, versionParams } from "../present-list.ts";

/** How the Python SDK deletes. */
export default defineRoute({
  method: "DELETE",
  path: "/v1/subscriber_list/:list_id/version/:version_id/",
  summary: "Delete a draft of a list",
  params: versionParams,
  reply: { status: 200, body: SUCCESS, description: "Gone. The list is as it was." },
  errors: ["validation_error", "not_found"],
  family: "management",
  async handle({ params, auth, db }) {
    const outcome = await discardDraft(db, auth.workspace.workspace_id, params);
    if (!outcome.ok) throw refusalOf(outcome.error, params);
    return { success: true };
  },
});
