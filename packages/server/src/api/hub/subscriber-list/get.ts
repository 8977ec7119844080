import { defineRoute } from "../../../http/route.ts";
import { findList } from "../../../lists/stored-lists.ts";
import { findQuery } from "../../../segments/stored-queries.ts";
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
    const { workspace_id } = auth.workspace;
    const list = await findList(db, workspace_id, params.list_id);
    if (list === null) throw listNotFound(params.list_id);
    return presentList(list, await findQuery(db, workspace_id, params.list_id));
  },
});
