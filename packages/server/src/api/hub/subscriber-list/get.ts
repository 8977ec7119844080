import { defineRoute } from "../../../http/route.ts";
import { findList } from "../../../lists/stored-lists.ts";
import { listNotFound, listParams, listShape, presentList } from "./present-list.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/subscriber_list/:list_id/",
  summary: "Get a list",
  params: listParams,
  reply: { status: 200, body: listShape, description: "`all_users` is there in every workspace." },
  errors: ["not_found"],
  family: "management",
  async handle({ params, auth, db }) {
    const list = await findList(db, auth.workspace.workspace_id, params.list_id);
    if (list === null) throw listNotFound(params.list_id);
    return presentList(list);
  },
});
