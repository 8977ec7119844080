import { defineRoute } from "../../../http/route.ts";
import { membersBody, movedShape } from "./members-body.ts";
import { moveUsers } from "./move-users.ts";
import { listParams } from "./present-list.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/:list_id/subscriber/add/",
  summary: "Add up to 10,000 users to a list",
  params: listParams,
  body: membersBody,
  reply: { status: 201, body: movedShape },
  errors: ["validation_error", "not_found", "bad_json"],
  family: "management",
  transaction: false,
  handle: (context) => moveUsers("add", context),
});
