import { act, type Api, call, queryOf } from "../core/api.ts";
import { record, tenantId, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, QueryFor, Tenant } from "../wire.ts";

/** Your customers, where they have branding, preferences or vendors of their own. */
export class Tenants {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const tenant of carillon.tenants.list()) console.log(tenant.tenant_name);
   */
  list(query: QueryFor<"hubTenantList"> & CallOptions = {}): Paged<Tenant> {
    return paged(query, (next) => call(this.#api, "GET", "v1/tenant/", query, { query: queryOf(next) }));
  }

  /**
   * @example
   * const { tenant_name } = await carillon.tenants.get("acme");
   */
  async get(tenant: string, options?: CallOptions): Promise<Tenant> {
    return call(this.#api, "GET", tenantPath(tenant), options);
  }

  /**
   * Creates a tenant, or changes what is given of one.
   * @example
   * await carillon.tenants.upsert("acme", { tenant_name: "Acme", primary_color: "#1a73e8" });
   */
  async upsert(tenant: string, changes: Body<"hubTenantUpsert">, options?: CallOptions): Promise<Tenant> {
    const body = record("changes", changes);
    return call(this.#api, "POST", tenantPath(tenant), options, { body, repeatable: true });
  }

  /**
   * With its preferences and profiles; the logs stay.
   * @example
   * await carillon.tenants.delete("acme");
   */
  async delete(tenant: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", tenantPath(tenant), options);
  }
}

export function tenantPath(tenant: string): string {
  return `v1/tenant/${tenantId("tenant", text("tenant", tenant, 64)) ?? ""}/`;
}
