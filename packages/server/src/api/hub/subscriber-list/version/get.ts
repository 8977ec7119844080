import { defineRoute } from "../../../../http/route.ts";
import { listShape, versionParams } from "../present-list.ts";
import { readDraft } from "./read-draft.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/subscriber_list/:list_id/version/:version_id/",
  summary: "Get a draft of a list",
  params: versionParams,
  reply: { status: 200, body: listShape },
  errors: ["not_found"],
  family: "management",
  handle: ({ params, auth, db }) => readDraft(db, auth.workspace.workspace_id, params),
});
