import { AppError } from "../../../../errors.ts";
import { defineRoute } from "../../../../http/route.ts";
import { userNotFound } from "../present-user.ts";
import { tenantUserParams } from "./tenant-user.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/user/:distinct_id/tenant/:tenant_id/",
  summary: "Delete a user's profile in a tenant",
  params: tenantUserParams,
  reply: { status: 204, description: "Gone, with its identities. The global profile stays." },
  errors: ["not_found"],
  async handle({ params, auth, db }) {
    const { distinct_id, tenant_id } = params;
    const { workspace_id } = auth.workspace;
    // Locks the user's row first, like every edit, so that no edit runs between the two deletions.
    const user = await db.kysely
      .selectFrom("recipient")
      .select("id")
      .where("workspace_id", "=", workspace_id)
      .where("object_type", "=", "")
      .where("distinct_id", "=", distinct_id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (user === undefined) throw userNotFound(distinct_id);
    const gone = await db.kysely
      .deleteFrom("tenant_profile")
      .where("workspace_id", "=", workspace_id)
      .where("recipient_id", "=", user.id)
      .where("tenant_id", "=", tenant_id)
      .returning("id")
      .execute();
    if (gone.length === 0) {
      throw new AppError("not_found", `no per-tenant profile for user in tenant '${tenant_id}'`);
    }
    await db.kysely
      .deleteFrom("identity")
      .where("workspace_id", "=", workspace_id)
      .where("recipient_id", "=", user.id)
      .where("tenant_id", "=", tenant_id)
      .execute();
  },
});
