import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { RecipientKey } from "./recipient.ts";
import type { Queryable } from "../db/db.ts";

/**
 * The first user who belongs to other tenants and not to this one, where the workspace is exclusive; null if there is
 * none. The rule is that of `effectiveProfile`, asked before anything else is known of a request, so that the request
 * can be refused. Users who do not exist belong to every tenant. Runs no statement for the default tenant.
 */
export async function findOutsider(
  db: Queryable,
  workspace_id: number,
  tenant_id: string | null,
  people: readonly RecipientKey[],
): Promise<string | null> {
  if (tenant_id === null || tenant_id === DEFAULT_TENANT) return null;
  const users = people.flatMap(({ object_type, distinct_id }) => (object_type === "" ? [distinct_id] : []));
  if (users.length === 0) return null;
  const [outsider] = await db.query<{ distinct_id: string }>(
    `select r.distinct_id
       from recipient r join workspace w using (workspace_id)
      where r.workspace_id = $1 and r.object_type = '' and r.distinct_id = any($2)
        and w.config ->> 'user_tenancy_mode' is distinct from 'shared'
        and exists (select 1 from tenant_profile t
                     where t.workspace_id = r.workspace_id and t.recipient_id = r.id and t.tenant_id <> '${DEFAULT_TENANT}')
        and not exists (select 1 from tenant_profile t
                         where t.workspace_id = r.workspace_id and t.recipient_id = r.id and t.tenant_id = $3)
      order by r.distinct_id limit 1`,
    [workspace_id, users, tenant_id],
    "outsider_find",
  );
  return outsider?.distinct_id ?? null;
}
