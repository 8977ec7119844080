import { type Api, call } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { TenantCategory, TenantCategoryChange, TenantPreference } from "../wire-more.ts";
import { toQuery } from "./recipient-preferences.ts";

/** What a tenant makes of the categories. */
export class TenantPreferences {
  readonly #api: Api;
  readonly #path: string;

  constructor(api: Api, tenant: string) {
    this.#api = api;
    this.#path = `v1/tenant/${tenant}/preference/`;
  }

  /**
   * All of them, by root category and section.
   * @example
   * const { root_categories } = await carillon.preferences.tenant("acme").get({ locale: "de" });
   */
  get(
    options: { locale?: string; tags?: string | Record<string, unknown> } & CallOptions = {},
  ): Promise<TenantPreference> {
    return call(this.#api, "GET", this.#path, options, { query: toQuery(options) });
  }

  /**
   * @example
   * for await (const { category } of carillon.preferences.tenant("acme").categories()) console.log(category);
   */
  categories(
    query: {
      limit?: number;
      offset?: number;
      locale?: string;
      tags?: string | Record<string, unknown>;
      includeDisabled?: boolean;
    } & CallOptions = {},
  ): Paged<TenantCategory> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${this.#path}category/`, query, {
        query: {
          ...toQuery(next),
          limit: next.limit,
          offset: next.offset,
          include_disabled: next.includeDisabled,
        },
      }),
    );
  }

  /**
   * @example
   * const { enabled_for_tenant } = await carillon.preferences.tenant("acme").category("news");
   */
  category(category: string, options: { locale?: string } & CallOptions = {}): Promise<TenantCategory> {
    return call(this.#api, "GET", this.#categoryPath(category), options, { query: toQuery(options) });
  }

  /**
   * Changes what is given; null goes back to the category's default.
   * @example
   * await carillon.preferences.tenant("acme").setCategory("news", { preference: "opt_out", visible_to_subscriber: true });
   */
  setCategory(
    category: string,
    change: TenantCategoryChange,
    options: { locale?: string } & CallOptions = {},
  ): Promise<TenantCategory> {
    const body = record("change", change);
    return call(this.#api, "PATCH", this.#categoryPath(category), options, {
      body,
      query: toQuery(options),
      repeatable: true,
    });
  }

  #categoryPath(category: string): string {
    return `${this.#path}category/${segment("category", category)}/`;
  }
}
