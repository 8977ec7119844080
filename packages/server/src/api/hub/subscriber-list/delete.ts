import { defineRoute } from "../../../http/route.ts";
import { listDeletion } from "./delete-list.ts";

/** How the Python SDK deletes. */
export default defineRoute({
  method: "DELETE",
  path: "/v1/subscriber_list/:list_id/",
  summary: "Delete a list",
  ...listDeletion,
});
