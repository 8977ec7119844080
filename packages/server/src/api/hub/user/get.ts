import { defineRoute } from "../../../http/route.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import { presentUser, userNotFound, userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/",
  summary: "Get a user",
  params: userParams,
  reply: { status: 200, body: userShape },
  errors: ["not_found"],
  async handle({ params, auth, db, services }) {
    const key = { object_type: "", distinct_id: params.distinct_id };
    const { workspace } = auth;
    const user = (await services.recipients.load(db, workspace.workspace_id, [key])).get(recipientKey(key));
    if (user === undefined) throw userNotFound(params.distinct_id);
    return presentUser(user, workspace);
  },
});
