import { defineRoute } from "../../../../http/route.ts";
import { userParams } from "../present-user.ts";
import { listQuery, listReply, listTenants } from "./tenant-user.ts";

/** The name of this list in the Python SDK. */
export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/associated_tenant/",
  summary: "List the tenants that have a profile of a user, by its other name",
  params: userParams,
  query: listQuery,
  reply: { status: 200, body: listReply },
  errors: ["invalid_request_error", "not_found"],
  handle: listTenants,
});
