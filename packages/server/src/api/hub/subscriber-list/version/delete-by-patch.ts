import { defineRoute } from "../../../../http/route.ts";
import { draftDeletion } from "./delete-draft.ts";

/** How the Node and Go SDKs delete. */
export default defineRoute({
  method: "PATCH",
  path: "/v1/subscriber_list/:list_id/version/:version_id/delete/",
  summary: "Delete a draft of a list, by its other name",
  ...draftDeletion,
});
