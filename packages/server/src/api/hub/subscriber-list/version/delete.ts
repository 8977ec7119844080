import { defineRoute } from "../../../../http/route.ts";
import { draftDeletion } from "./delete-draft.ts";

/** How the Python SDK deletes. */
export default defineRoute({
  method: "DELETE",
  path: "/v1/subscriber_list/:list_id/version/:version_id/",
  summary: "Delete a draft of a list",
  ...draftDeletion,
});
