import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import { int, rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { RecipientKey } from "./recipient.ts";

/** People who are named together, and the tenant in which. */
export interface Company {
  tenant_id: string | null;
  people: readonly RecipientKey[];
}

/**
 * For each company, in order: the first of its users who belongs to other tenants and not to this one, where the
 * workspace is exclusive; null if there is none. The rule is that of `effectiveProfile`, asked before anything else is
 * known of a request, so that the request can be refused. Users who do not exist belong to every tenant. One statement
 * for all, and none where all are of the default tenant.
 */
export async function findOutsiders(
  db: Queryable,
  workspace_id: number,
  companies: readonly Company[],
): Promise<(string | null)[]> {
  const asked = companies.flatMap(({ tenant_id, people }, at) =>
    tenant_id === null || tenant_id === DEFAULT_TENANT
      ? []
      : people.flatMap(({ object_type, distinct_id }) =>
          object_type === "" ? [{ at, tenant_id, distinct_id }] : [],
        ),
  );
  if (asked.length === 0) return companies.map(() => null);
  const { from, values, next } = rowsOf("a", asked, {
    at: int(({ at }) => at),
    tenant_id: text(({ tenant_id }) => tenant_id),
    distinct_id: text(({ distinct_id }) => distinct_id),
  });
  const rows = await db.query<{ at: number; distinct_id: string }>(
    `select a.at, min(r.distinct_id) as distinct_id
       from ${from}
       join recipient r on r.workspace_id = $${next} and r.object_type = '' and r.distinct_id = a.distinct_id
       join workspace w on w.workspace_id = $${next} and w.config ->> 'user_tenancy_mode' is distinct from 'shared'
      where exists (select 1 from tenant_profile t
                     where t.workspace_id = r.workspace_id and t.recipient_id = r.id and t.tenant_id <> '${DEFAULT_TENANT}')
        and not exists (select 1 from tenant_profile t
                         where t.workspace_id = r.workspace_id and t.recipient_id = r.id and t.tenant_id = a.tenant_id)
      group by a.at`,
    [...values, workspace_id],
    "outsiders_find",
  );
  const outsiders = new Map(rows.map(({ at, distinct_id }) => [at, distinct_id]));
  return companies.map((_company, at) => outsiders.get(at) ?? null);
}
