import { z } from "zod";
import { cursorShape, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { findId } from "../../../recipients/read.ts";
import { pageOfParents, parentPage } from "../object/subscription/present-subscription.ts";
import { listedUserNotFound, userParams } from "./present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/subscribed_to/object/",
  summary: "List the objects that a user subscribes to, newest first",
  params: userParams,
  query: z.object(cursorShape),
  reply: { status: 200, body: parentPage },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const { distinct_id } = params;
    const id = await findId(db, workspace_id, { object_type: "", distinct_id });
    if (id === null) throw listedUserNotFound(distinct_id);
    return pageOfParents(db, workspace_id, id, toCursor(query));
  },
});
