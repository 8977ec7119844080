import { act, type Api, call, queryOf } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import { type Edit, toEdit } from "../core/profile-edit.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ItemOf, Profile, QueryFor, TenantUser } from "../wire.ts";

/** What a tenant's profile of a user says instead of the general one; a key it has wins whole. */
export class UserTenants {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * The tenants that have a profile of the user.
   * @example
   * for await (const { tenant } of carillon.users.tenants.list("ada")) console.log(tenant.tenant_id);
   */
  list(
    user: string,
    query: QueryFor<"hubUserTenantList"> & CallOptions = {},
  ): Paged<ItemOf<"hubUserTenantList">> {
    const path = `v1/user/${segment("user", user)}/tenant/`;
    return paged(query, (next) => call(this.#api, "GET", path, query, { query: queryOf(next) }));
  }

  /**
   * The user as they are in the tenant; `tenant` has what differs.
   * @example
   * const { tenant } = await carillon.users.tenants.get("ada", "acme");
   */
  async get(user: string, tenant: string, options?: CallOptions): Promise<TenantUser> {
    return call(this.#api, "GET", pathOf(user, tenant), options);
  }

  /**
   * @example
   * await carillon.users.tenants.upsert("ada", "acme", { $email: "ada@acme.example" });
   */
  async upsert(
    user: string,
    tenant: string,
    profile: Profile = {},
    options?: CallOptions,
  ): Promise<TenantUser> {
    const body = record("profile", profile);
    return call(this.#api, "POST", pathOf(user, tenant), options, { body, repeatable: true });
  }

  /**
   * @example
   * await carillon.users.tenants.edit("ada", "acme", (user) => user.set({ role: "owner" }));
   */
  async edit(user: string, tenant: string, edit: Edit, options?: CallOptions): Promise<TenantUser> {
    const { operations, isRepeatable } = toEdit(edit);
    return call(this.#api, "PATCH", pathOf(user, tenant), options, {
      body: { operations },
      repeatable: isRepeatable,
    });
  }

  /**
   * The general profile stays.
   * @example
   * await carillon.users.tenants.delete("ada", "acme");
   */
  async delete(user: string, tenant: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", pathOf(user, tenant), options);
  }
}

function pathOf(user: string, tenant: string): string {
  return `v1/user/${segment("user", user)}/tenant/${segment("tenant", tenant)}/`;
}
