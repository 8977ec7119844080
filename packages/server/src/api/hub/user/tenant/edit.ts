import { z } from "zod";
import { parseOperations } from "../../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../../http/route.ts";
import { userEdit } from "../../wire-schemas.ts";
import { editRecipient } from "../../edit-recipient.ts";
import { presentTenantUser, tenantUserShape } from "../present-user.ts";
import { tenantUserParams } from "./tenant-user.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/user/:distinct_id/tenant/:tenant_id/",
  summary: "Edit a user's profile in a tenant with a list of operations, all or none",
  params: tenantUserParams,
  body: z.unknown().meta({
    ...userEdit,
    description: '`{"operations": [{"$set": {…}}, {"$append": {"$email": …}}, {"$unset": […]} …]}`',
  }),
  reply: {
    status: 202,
    body: tenantUserShape,
    description: "The user after the edit, which has been applied.",
  },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { distinct_id, tenant_id } = params;
    const { workspace } = auth;
    const parsed = parseOperations(body);
    const key = { object_type: "", distinct_id };
    const user = await editRecipient(db, services, workspace.workspace_id, key, parsed, tenant_id);
    return presentTenantUser(user, tenant_id, workspace);
  },
});
