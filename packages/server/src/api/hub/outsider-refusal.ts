import { AppError } from "../../errors.ts";
import type { RouteContext } from "../../http/route.ts";
import { findOutsider } from "../../recipients/outsiders.ts";
import type { RecipientKey } from "../../recipients/recipients.ts";

/** The refusal of a record for a tenant that one of its recipients is known not to belong to; null: all may. */
export async function outsiderRefusal(
  { auth, services }: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "services">,
  tenant_id: string | null,
  recipients: readonly RecipientKey[],
): Promise<AppError | null> {
  const { workspace_id, tenancy } = auth.workspace;
  // Cached: the statement reads the mode again, and the expansion refuses what passes here for a moment.
  if (tenancy.mode === "shared") return null;
  const outsider = await findOutsider(services.db, workspace_id, tenant_id, recipients);
  if (outsider === null) return null;
  const text = `user [distinct_id: '${outsider}'] is not associated with tenant '${tenant_id}'`;
  return new AppError("validation_error", `${text}; workspace is in exclusive mode`);
}
