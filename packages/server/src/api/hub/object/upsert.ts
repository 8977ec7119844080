import { z } from "zod";
import { profileFromUpsert } from "../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { editRecipient, refuseContext } from "../edit-recipient.ts";
import { objectProfile } from "../wire-schemas.ts";
import { objectKey, objectParams, objectShape, presentObject } from "./present-object.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/object/:object_type/:id/",
  summary: "Create an object, or add to one",
  params: objectParams,
  body: z.unknown().meta({
    ...objectProfile,
    description:
      "Channels (`$email`, `$slack` …: a value or a list) are appended; all other keys are set as properties.",
  }),
  reply: { status: 201, body: objectShape },
  errors: ["invalid_request_error", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace } = auth;
    refuseContext(body);
    const parsed = profileFromUpsert(body, "object");
    const key = objectKey(params);
    const object = await editRecipient(db, services, workspace.workspace_id, key, parsed, null);
    return presentObject(db, workspace, object);
  },
});
