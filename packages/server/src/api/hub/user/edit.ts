import { z } from "zod";
import { parseOperations } from "../../../core/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { editUser } from "./edit-user.ts";
import { userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/user/:distinct_id/",
  summary: "Edit a user with a list of operations, applied in order, all or none",
  params: userParams,
  body: z.unknown().meta({
    description: '`{"operations": [{"$set": {…}}, {"$append": {"$email": …}}, {"$unset": […]} …]}`',
    type: "object",
    required: ["operations"],
    properties: { operations: { type: "array", items: { type: "object" } } },
  }),
  reply: { status: 202, body: userShape, description: "The user after the edit, which has been applied." },
  errors: ["invalid_request_error", "bad_json"],
  handle: ({ params, body, auth, db, services }) =>
    editUser(db, services, auth.workspace, params.distinct_id, parseOperations(body)),
});
