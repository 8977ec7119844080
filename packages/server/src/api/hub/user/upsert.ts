import { z } from "zod";
import { profileFromUpsert } from "../../../core/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { editUser } from "./edit-user.ts";
import { userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/user/:distinct_id/",
  summary: "Create a user, or add to one",
  params: userParams,
  body: z.unknown().meta({
    description:
      "Channels (`$email`, `$sms` …: a value or a list) are appended; all other keys are set as properties.",
    type: "object",
  }),
  reply: { status: 201, body: userShape },
  errors: ["invalid_request_error", "bad_json"],
  handle: ({ params, body, auth, db, services }) =>
    editUser(db, services, auth.workspace, params.distinct_id, profileFromUpsert(body)),
});
