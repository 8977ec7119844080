import { z } from "zod";
import { profileFromUpsert } from "../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { userProfile } from "../wire-schemas.ts";
import { editRecipient, tenantOfContext } from "../edit-recipient.ts";
import { presentTenantUser, presentUser, userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/user/:distinct_id/",
  summary: "Create a user, or add to one",
  params: userParams,
  body: z.unknown().meta({
    ...userProfile,
    description:
      "Channels (`$email`, `$sms` …: a value or a list) are appended; all other keys are set as properties. With `$context: {tenant_id}` in that tenant's profile of the user.",
  }),
  reply: { status: 201, body: userShape },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace } = auth;
    const tenant_id = tenantOfContext(body);
    const parsed = profileFromUpsert(body);
    const key = { object_type: "", distinct_id: params.distinct_id };
    const user = await editRecipient(db, services, workspace.workspace_id, key, parsed, tenant_id);
    return tenant_id === null ? presentUser(user, workspace) : presentTenantUser(user, tenant_id, workspace);
  },
});
