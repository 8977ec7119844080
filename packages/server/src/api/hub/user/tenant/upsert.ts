import { z } from "zod";
import { profileFromUpsert } from "../../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../../http/route.ts";
import { userProfile } from "../../wire-schemas.ts";
import { editRecipient } from "../../edit-recipient.ts";
import { presentTenantUser, tenantUserShape } from "../present-user.ts";
import { tenantUserParams } from "./tenant-user.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/user/:distinct_id/tenant/:tenant_id/",
  summary: "Create a user's profile in a tenant, or add to it",
  params: tenantUserParams,
  body: z.unknown().meta({
    ...userProfile,
    description:
      "As for a user. What it says holds inside the tenant, in place of what the user has globally.",
  }),
  reply: { status: 201, body: tenantUserShape },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { distinct_id, tenant_id } = params;
    const { workspace } = auth;
    const parsed = profileFromUpsert(body);
    const key = { object_type: "", distinct_id };
    const user = await editRecipient(db, services, workspace.workspace_id, key, parsed, tenant_id);
    return presentTenantUser(user, tenant_id, workspace);
  },
});
