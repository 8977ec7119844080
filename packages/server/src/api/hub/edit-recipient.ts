import { isJsonObject } from "../../core/json.ts";
import type { ParsedOperations } from "../../core/profile/profile-operations.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import { tenantNotFound } from "../../preferences/refusals.ts";
import type { RecipientKey, StoredRecipient } from "../../recipients/recipients.ts";
import type { Services } from "../../services.ts";

/**
 * A strict edit of one user or object, created when missing: the first error is the response, and rolls the caller's
 * transaction back, including the creation. With a tenant, the profile there is edited.
 */
export async function editRecipient(
  tx: Tx,
  { recipients }: Pick<Services, "recipients">,
  workspace_id: number,
  key: RecipientKey,
  parsed: ParsedOperations,
  tenant_id: string | null,
): Promise<StoredRecipient> {
  const { operations, errors } = parsed;
  const [error] = errors;
  if (error !== undefined) throw new AppError("invalid_request_error", error);
  if (tenant_id !== null) await requireTenant(tx, workspace_id, tenant_id);
  const edit = { ...key, operations, mode: "strict", restore: true, create: true, tenant_id } as const;
  const [outcome] = await recipients.apply(tx, workspace_id, [edit]);
  if (outcome?.ok === false) throw new AppError("invalid_request_error", outcome.error);
  // Deleted concurrently: this edit comes after the deletion, and creates the recipient again.
  return outcome?.recipient ?? editRecipient(tx, { recipients }, workspace_id, key, parsed, tenant_id);
}

/** `$context` in a body names the tenant that the rest of it applies to. */
export function tenantOfContext(body: unknown): string | null {
  const context = isJsonObject(body) && Object.hasOwn(body, "$context") ? body.$context : null;
  const tenant_id = isJsonObject(context) && Object.hasOwn(context, "tenant_id") ? context.tenant_id : null;
  if (tenant_id === null || tenant_id === undefined) return null;
  if (typeof tenant_id === "string") return tenant_id;
  throw new AppError("invalid_request_error", "$context.tenant_id: must be a string");
}

/** Reads in the transaction and not from the catalog, which may need a second connection. */
export async function requireTenant(tx: Queryable, workspace_id: number, tenant_id: string): Promise<void> {
  const found = await tx.kysely
    .selectFrom("tenant")
    .select("tenant_id")
    .where("workspace_id", "=", workspace_id)
    .where("tenant_id", "=", tenant_id)
    .executeTakeFirst();
  if (found === undefined) throw tenantNotFound(tenant_id);
}

/** Objects have no profiles in tenants: what is meant for one must not get into the global profile. */
export function refuseContext(body: unknown): void {
  if (tenantOfContext(body) === null) return;
  throw new AppError("invalid_request_error", "$context.tenant_id: objects have no profiles in tenants");
}
