import { AppError } from "../../errors.ts";
import type { RouteContext } from "../../http/route.ts";
import { type Company, findOutsiders } from "../../recipients/outsiders.ts";

/**
 * For each record, in order: its refusal because one of its recipients is known not to belong to its tenant; null if all
 * may. Null for all of them if there is nothing to ask, as for most triggers.
 */
export async function outsiderRefusals(
  { auth, services }: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "services">,
  records: readonly Company[],
): Promise<(AppError | null)[] | null> {
  const { workspace_id, tenancy } = auth.workspace;
  // Cached: the statement reads the mode again, and the expansion refuses what passes here for a moment.
  if (tenancy.mode === "shared" || records.every(({ tenant_id }) => tenant_id === null)) return null;
  const outsiders = await findOutsiders(services.db, workspace_id, records);
  return outsiders.map((outsider, index) => {
    if (outsider === null) return null;
    const text = `user [distinct_id: '${outsider}'] is not associated with tenant '${records[index]?.tenant_id}'`;
    return new AppError("validation_error", `${text}; workspace is in exclusive mode`);
  });
}
