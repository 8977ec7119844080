import { z } from "zod";
import { parseOperations } from "../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { editRecipient, refuseContext } from "../edit-recipient.ts";
import { userEdit } from "../wire-schemas.ts";
import { objectKey, objectParams, objectShape, presentObject } from "./present-object.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/object/:object_type/:id/",
  summary: "Edit an object with a list of operations, applied in order, all or none",
  params: objectParams,
  body: z.unknown().meta({
    ...userEdit,
    description: '`{"operations": [{"$set": {…}}, {"$append": {"$email": …}}, {"$unset": […]} …]}`',
  }),
  reply: {
    status: 200,
    body: objectShape,
    description: "The object after the edit, which has been applied. It is created if it is missing.",
  },
  errors: ["invalid_request_error", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace } = auth;
    refuseContext(body);
    const parsed = parseOperations(body);
    const key = objectKey(params);
    const object = await editRecipient(db, services, workspace.workspace_id, key, parsed, null);
    return presentObject(db, workspace, object);
  },
});
