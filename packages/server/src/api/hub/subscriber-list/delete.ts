import { defineRoute } from "../../../http/route.ts";
import { deleteList } from "../../../lists/stored-lists.ts";
import { listParams, refusalOf, SUCCESS } from "./present-list.ts";

/** How the Python SDK deletes. */
export default defineRoute({
  method: "DELETE",
  path: "/v1/subscriber_list/:list_id/",
  summary: "Delete a list",
  params: listParams,
  reply: { status: 200, body: SUCCESS, description: "Gone, with its drafts. Who was in it causes no event." },
  errors: ["validation_error", "not_found"],
  family: "management",
  async handle({ params, auth, db }) {
    const refusal = await deleteList(db, auth.workspace.workspace_id, params.list_id);
    if (refusal !== null) throw refusalOf(refusal, params);
    return { success: true };
  },
});
