import { defineRoute } from "../../../http/route.ts";
import { listDeletion } from "./delete-list.ts";

/** How the Node and Go SDKs delete. */
export default defineRoute({
  method: "PATCH",
  path: "/v1/subscriber_list/:list_id/delete/",
  summary: "Delete a list, by its other name",
  ...listDeletion,
});
