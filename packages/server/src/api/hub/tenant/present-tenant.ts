import { z } from "zod";
import { SOCIAL_SITES } from "../../../catalog/tenant.ts";
import { isJsonObject, type JsonObject } from "../../../core/json.ts";
import { microsZ } from "../../../core/time/wire-time.ts";
import { AppError } from "../../../errors.ts";

/** Tenants as the wire shows them, and what their endpoints share. Refusals have the management family's shape. */
export const ILLEGAL_ID =
  "Ensure this field contains legal characters. Only letters, numbers, underscore(_), hyphen(-) characters allowed";

export const tenantParams = z.object({
  tenant_id: z.string().describe("Up to 64 letters, digits, `_` and `-`; case matters."),
});

/** For the call that creates; reads and deletions accept any id, and an invalid one is not found. */
export const newTenantParams = z.object({
  tenant_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, ILLEGAL_ID)
    .max(64, "Ensure this field has no more than 64 characters.")
    .describe("Up to 64 letters, digits, `_` and `-`; case matters."),
});

export const tenantShape = z.object({
  tenant_id: z.string(),
  tenant_name: z.string(),
  logo: z.string().nullable(),
  timezone: z.string().nullable(),
  blocked_channels: z.array(z.string()).nullable(),
  embedded_preference_url: z.string().nullable(),
  hosted_preference_domain: z.string(),
  primary_color: z.string().nullable(),
  secondary_color: z.string().nullable(),
  tertiary_color: z.string().nullable(),
  social_links: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.unknown()),
  updated_at: z.string(),
});

export type TenantView = z.input<typeof tenantShape>;

export interface TenantRow {
  tenant_id: string;
  tenant_name: string;
  logo: string | null;
  timezone: string | null;
  blocked_channels: string[] | null;
  embedded_preference_url: string | null;
  hosted_preference_domain: string | null;
  primary_color: string | null;
  secondary_color: string | null;
  tertiary_color: string | null;
  social_links: unknown;
  properties: unknown;
  updated_at: Date;
}

/** `domain`: the host of preference pages for tenants that name no other. */
export function presentTenant(row: TenantRow, domain: string): TenantView {
  const links = isJsonObject(row.social_links) ? row.social_links : {};
  return {
    tenant_id: row.tenant_id,
    tenant_name: row.tenant_name,
    logo: row.logo,
    timezone: row.timezone,
    blocked_channels: row.blocked_channels,
    embedded_preference_url: row.embedded_preference_url,
    hosted_preference_domain: row.hosted_preference_domain ?? domain,
    primary_color: row.primary_color,
    secondary_color: row.secondary_color,
    tertiary_color: row.tertiary_color,
    social_links: Object.fromEntries(SOCIAL_SITES.map((site) => [site, textOf(links, site)])),
    properties: isJsonObject(row.properties) ? row.properties : {},
    updated_at: microsZ(row.updated_at),
  };
}

function textOf(links: JsonObject, site: string): string {
  const link = links[site];
  return typeof link === "string" ? link : "";
}

export function hostedDomain(config: { PUBLIC_URL?: string | undefined }): string {
  return config.PUBLIC_URL === undefined ? "localhost" : new URL(config.PUBLIC_URL).host;
}

export function tenantNotFound(tenant_id: string): AppError {
  return new AppError("not_found", `No tenant found for tenant_id ${tenant_id}`);
}
