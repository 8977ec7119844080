import { defineRoute } from "../../../http/route.ts";
import { startDraft } from "../../../lists/drafts.ts";
import { listParams, listShape, refusalOf } from "./present-list.ts";
import { readDraft } from "./version/read-draft.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/:list_id/start_sync/",
  summary: "Start an empty draft that can replace who is in a list",
  params: listParams,
  reply: {
    status: 201,
    body: listShape,
    description: "The draft; `version_id` names it. The list stays as it is until the draft is finished.",
  },
  errors: ["validation_error", "not_found"],
  family: "management",
  async handle({ params, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { list_id } = params;
    const outcome = await startDraft(db, workspace_id, list_id, services.ids);
    if (!outcome.ok) throw refusalOf(outcome.error, params);
    return readDraft(db, workspace_id, { list_id, version_id: outcome.value });
  },
});
