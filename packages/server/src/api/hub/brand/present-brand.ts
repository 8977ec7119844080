import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { newTenantParams, presentTenant, type TenantRow, tenantShape } from "../tenant/present-tenant.ts";
import { tenantBody } from "../tenant/tenant-body.ts";

/** Tenants by the name that they had: older SDKs call them brands. The same rows, with two fields called otherwise. */
const { tenant_id, tenant_name, ...others } = tenantShape.shape;

export const brandShape = z.object({ brand_id: tenant_id, brand_name: tenant_name, ...others });

export const brandParams = z.object({ brand_id: z.string() });

export const newBrandParams = z.object({ brand_id: newTenantParams.shape.tenant_id });

const { tenant_name: name, ...settings } = tenantBody.shape;

export const brandBody = z
  .object({ brand_name: name, ...settings })
  .transform(({ brand_name, ...rest }) => ({ ...rest, tenant_name: brand_name }))
  .meta({ example: { brand_name: "Acme", primary_color: "#1a73e8" } });

/** `domain`: as for tenants. */
export function presentBrand(row: TenantRow, domain: string): z.input<typeof brandShape> {
  const { tenant_id, tenant_name, ...rest } = presentTenant(row, domain);
  return { brand_id: tenant_id, brand_name: tenant_name, ...rest };
}

export function brandNotFound(brand_id: string): AppError {
  return new AppError("not_found", `No brand found for brand_id ${brand_id}`);
}
