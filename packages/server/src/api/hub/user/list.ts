import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { cursorMeta, cursorShape, toCursor } from "../../../http/cursor.ts";
import { requireTenant } from "../edit-recipient.ts";
import { readRecipients } from "../read-recipients.ts";
import { presentTenantPart, presentUser, userShape } from "./present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/",
  summary: "List users, newest first",
  query: z.object({
    ...cursorShape,
    tenant_id: z.string().optional().describe("Only users with a profile in this tenant, which comes along."),
  }),
  reply: { status: 200, body: z.object({ meta: cursorMeta, results: z.array(userShape) }) },
  errors: ["invalid_request_error", "not_found"],
  async handle({ query, auth, db, services }) {
    const { workspace } = auth;
    const { workspace_id } = workspace;
    const tenant_id = query.tenant_id || null;
    if (tenant_id !== null) await requireTenant(db, workspace_id, tenant_id);
    const users = db.kysely
      .selectFrom("recipient")
      .where("workspace_id", "=", workspace_id)
      .where("object_type", "=", "")
      .$if(tenant_id !== null, (select) =>
        select.where("id", "in", (eb) =>
          eb
            .selectFrom("tenant_profile")
            .select("recipient_id")
            .where("workspace_id", "=", workspace_id)
            .where("tenant_id", "=", tenant_id ?? ""),
        ),
      );
    const tenant_ids = tenant_id === null ? [] : [tenant_id];
    const cursor = toCursor(query);
    const { profiles, meta } = await readRecipients(db, services, workspace_id, users, cursor, tenant_ids);
    const results = profiles.map((profile) => {
      const view = presentUser(profile, workspace);
      return tenant_id === null ? view : { ...view, tenant: presentTenantPart(profile, tenant_id) };
    });
    return { meta, results };
  },
});
