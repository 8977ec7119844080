import { type Api, call } from "../core/api.ts";
import { optionsOf, record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions, Query } from "../core/transport.ts";
import type { OffsetQuery, TenantCategory, TenantCategoryChange, TenantPreference } from "../wire.ts";
import { toQuery } from "./recipient-preferences.ts";

/** Which categories of a tenant are read, and how they are shown. */
export interface TenantPreferenceQuery extends CallOptions {
  /** Names and descriptions in this language. */
  locale?: string;
  /** A tag, or `{"or":[…]}`, `{"and":[…]}`, `{"not":"tag"}`. */
  tags?: string | Record<string, unknown>;
  /** Lists the categories that are off for the tenant, too. */
  includeDisabled?: boolean;
}

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
  async get(options: TenantPreferenceQuery = {}): Promise<TenantPreference> {
    return call(this.#api, "GET", this.#path, options, { query: toTenantQuery(options) });
  }

  /**
   * @example
   * for await (const { category } of carillon.preferences.tenant("acme").categories()) console.log(category);
   */
  categories(query: TenantPreferenceQuery & OffsetQuery = {}): Paged<TenantCategory> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${this.#path}category/`, query, {
        query: {
          ...toTenantQuery(next),
          limit: next.limit,
          offset: next.offset,
        },
      }),
    );
  }

  /**
   * @example
   * const { enabled_for_tenant } = await carillon.preferences.tenant("acme").category("news");
   */
  async category(category: string, options: { locale?: string } & CallOptions = {}): Promise<TenantCategory> {
    return call(this.#api, "GET", this.#categoryPath(category), options, { query: toQuery(options) });
  }

  /**
   * Changes what is given; null goes back to the category's default.
   * @example
   * await carillon.preferences.tenant("acme").setCategory("news", { preference: "opt_out", visible_to_subscriber: true });
   */
  async setCategory(
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

function toTenantQuery(options: TenantPreferenceQuery): Query {
  const { includeDisabled, ...query } = optionsOf(options);
  return { ...toQuery(query), include_disabled: includeDisabled };
}
