import { z } from "zod";
import { parseOperations } from "../../../core/profile/profile-operations.ts";
import { defineRoute } from "../../../http/route.ts";
import { userEdit } from "../wire-schemas.ts";
import { editRecipient, tenantOfContext } from "../edit-recipient.ts";
import { presentTenantUser, presentUser, userParams, userShape } from "./present-user.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/user/:distinct_id/",
  summary: "Edit a user with a list of operations, applied in order, all or none",
  params: userParams,
  body: z.unknown().meta({
    ...userEdit,
    description: '`{"operations": [{"$set": {…}}, {"$append": {"$email": …}}, {"$unset": […]} …]}`',
  }),
  reply: { status: 202, body: userShape, description: "The user after the edit, which has been applied." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace } = auth;
    const tenant_id = tenantOfContext(body);
    const parsed = parseOperations(body);
    const key = { object_type: "", distinct_id: params.distinct_id };
    const user = await editRecipient(db, services, workspace.workspace_id, key, parsed, tenant_id);
    return tenant_id === null ? presentUser(user, workspace) : presentTenantUser(user, tenant_id, workspace);
  },
});
