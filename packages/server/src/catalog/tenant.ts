import type { JsonObject } from "../core/json.ts";
import type { Queryable } from "../db/db.ts";

/** The sites whose links a tenant may have; in templates all of them exist, empty if unset. */
export const SOCIAL_SITES = [
  "website",
  "facebook",
  "linkedin",
  "x",
  "instagram",
  "medium",
  "discord",
  "telegram",
  "youtube",
  "tiktok",
] as const;

/** A tenant as running workflows read it. */
export interface Tenant {
  tenant_id: string;
  tenant_name: string;
  logo: string | null;
  primary_color: string | null;
  secondary_color: string | null;
  tertiary_color: string | null;
  timezone: string | null;
  social_links: JsonObject;
  properties: JsonObject;
  blocked_channels: string[] | null;
  embedded_preference_url: string | null;
  hosted_preference_domain: string;
  /** Where the pages of its people are, without a slash at the end; null: this server does not know its own address. */
  page_base: string | null;
  /** Changes with every update. */
  version: string;
}

/** Where preference pages are. */
export interface PagePlace {
  /** The host, for tenants that name no other. */
  domain: string;
  /** The server's own address, without a slash at its end; null: unknown. */
  base: string | null;
}

/** Null: there is no such tenant. */
export async function loadTenant(
  db: Queryable,
  workspace_id: number,
  tenant_id: string,
  { domain, base }: PagePlace,
): Promise<Tenant | null> {
  const [row] = await db.query<Tenant>(
    `select tenant_id, tenant_name, logo, primary_color, secondary_color, tertiary_color, timezone, social_links,
            properties, blocked_channels, embedded_preference_url,
            coalesce(hosted_preference_domain, $3) as hosted_preference_domain,
            coalesce('https://' || hosted_preference_domain, $4) as page_base, ${TENANT_VERSION} as version
       from tenant where workspace_id = $1 and tenant_id = $2`,
    [workspace_id, tenant_id, domain, base],
    "tenant_load",
  );
  return row ?? null;
}

/** Microseconds, which a JavaScript date does not have. */
export const TENANT_VERSION = "(extract(epoch from updated_at) * 1000000)::bigint::text";
