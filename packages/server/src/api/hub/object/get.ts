import { defineRoute } from "../../../http/route.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import { objectKey, objectNotFound, objectParams, objectShape, presentObject } from "./present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/",
  summary: "Get an object",
  params: objectParams,
  reply: { status: 200, body: objectShape },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, auth, db, services }) {
    const { workspace } = auth;
    const key = objectKey(params);
    const found = await services.recipients.load(db, workspace.workspace_id, [key]);
    const object = found.get(recipientKey(key));
    if (object === undefined) throw objectNotFound(key);
    return presentObject(db, workspace, object);
  },
});
