import { defineRoute } from "../../../../http/route.ts";
import { recipientKey } from "../../../../recipients/recipients.ts";
import { requireTenant } from "../../edit-recipient.ts";
import { presentTenantUser, tenantUserShape, userNotFound } from "../present-user.ts";
import { tenantUserParams } from "./tenant-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/tenant/:tenant_id/",
  summary: "Get a user as they are inside a tenant",
  params: tenantUserParams,
  reply: {
    status: 200,
    body: tenantUserShape,
    description: "Without a profile in the tenant, the global one.",
  },
  errors: ["not_found"],
  async handle({ params, auth, db, services }) {
    const { distinct_id, tenant_id } = params;
    const { workspace } = auth;
    await requireTenant(db, workspace.workspace_id, tenant_id);
    const key = { object_type: "", distinct_id };
    const found = await services.recipients.load(db, workspace.workspace_id, [key], [tenant_id]);
    const user = found.get(recipientKey(key));
    if (user === undefined) throw userNotFound(distinct_id);
    return presentTenantUser(user, tenant_id, workspace);
  },
});
