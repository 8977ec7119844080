import { z } from "zod";
import { cursorShape, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { findId } from "../../../recipients/read.ts";
import { objectKey, objectNotFound, objectParams } from "./present-object.ts";
import { pageOfParents, parentPage } from "./subscription/present-subscription.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/subscribed_to/object/",
  summary: "List the objects that an object subscribes to, newest first",
  params: objectParams,
  query: z.object(cursorShape),
  reply: { status: 200, body: parentPage },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const key = objectKey(params);
    const id = await findId(db, workspace_id, key);
    if (id === null) throw objectNotFound(key);
    return pageOfParents(db, workspace_id, id, toCursor(query));
  },
});
