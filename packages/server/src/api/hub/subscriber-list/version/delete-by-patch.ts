import { defineRoute } from "../../../../http/route.ts";
import deleteDraft from "./delete.ts";

/** How the Node and Go SDKs delete. */
export default defineRoute({
  ...deleteDraft,
  method: "PATCH",
  path: "/v1/subscriber_list/:list_id/version/:version_id/delete/",
  summary: "Delete a draft of a list, by its other name",
});
