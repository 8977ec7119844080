import { type Api, call } from "../core/api.ts";
import { optionsOf, record, segment } from "../core/check.ts";
import type { Query } from "../core/transport.ts";
import { tenantPath } from "../resources/tenants.ts";
import { underNames } from "./errors.ts";
import type { Dictionary } from "./records.ts";
import { type Deleted, deleted } from "./replies.ts";

/** Tenants, and what they make of preferences. */
export class TenantsApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const { results } = await supr_client.tenants.list({ limit: 20, offset: 0 });
   */
  list(options: Query = {}): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", "v1/tenant/", undefined, { query: within(options) }));
  }

  /**
   * @example
   * const tenant = await supr_client.tenants.get("acme");
   */
  get(tenant_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", tenantPath(tenant_id), undefined));
  }

  /**
   * @example
   * await supr_client.tenants.upsert("acme", { tenant_name: "Acme" });
   */
  upsert(tenant_id: string, payload: Dictionary = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", tenantPath(tenant_id), undefined, {
        body: record("payload", payload),
        repeatable: true,
      }),
    );
  }

  /**
   * @example
   * await supr_client.tenants.delete("acme");
   */
  delete(tenant_id: string): Promise<Deleted> {
    return underNames(() => deleted(this.#api, tenantPath(tenant_id)));
  }

  /**
   * @example
   * const { root_categories } = await supr_client.tenants.get_full_preference("acme");
   */
  get_full_preference(tenant_id: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${tenantPath(tenant_id)}preference/`, undefined, { query: options }),
    );
  }

  /**
   * @example
   * const { results } = await supr_client.tenants.get_all_categories_preference("acme");
   */
  get_all_categories_preference(tenant_id: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${tenantPath(tenant_id)}preference/category/`, undefined, { query: options }),
    );
  }

  /**
   * @example
   * const { preference } = await supr_client.tenants.get_category_preference("acme", "news");
   */
  get_category_preference(tenant_id: string, category: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", categoryPath(tenant_id, category), undefined, { query: options }),
    );
  }

  /**
   * @example
   * await supr_client.tenants.update_category_preference("acme", "news", { preference: "opt_out" });
   */
  update_category_preference(
    tenant_id: string,
    category: string,
    payload: Dictionary,
    options: Query = {},
  ): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", categoryPath(tenant_id, category), undefined, {
        body: record("payload", payload),
        query: options,
        repeatable: true,
      }),
    );
  }
}

/** Tenants by their former name, which is in the bodies too. */
export class BrandsApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const { results } = await supr_client.brands.list({ limit: 20 });
   */
  list(options: Query = {}): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", "v1/brand/", undefined, { query: within(options) }));
  }

  /**
   * @example
   * const { brand_name } = await supr_client.brands.get("acme");
   */
  get(brand_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", brandPath(brand_id), undefined));
  }

  /**
   * @example
   * await supr_client.brands.upsert("acme", { brand_name: "Acme" });
   */
  upsert(brand_id: string, payload: Dictionary = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", brandPath(brand_id), undefined, {
        body: record("payload", payload),
        repeatable: true,
      }),
    );
  }
}

function brandPath(brand_id: string): string {
  return `v1/brand/${segment("brand_id", brand_id, 64)}/`;
}

/** As the other client reads them: a limit between 1 and 1000, or 20; no offset below 0. */
export function within(options: Query): Query {
  const { limit, offset, ...rest } = optionsOf(options);
  const isLimit = typeof limit === "number" && limit > 0 && limit <= 1000;
  const isOffset = typeof offset === "number" && offset >= 0;
  return { limit: isLimit ? limit : 20, offset: isOffset ? offset : 0, ...rest };
}

function categoryPath(tenant_id: string, category: string): string {
  return `${tenantPath(tenant_id)}preference/category/${segment("category", category)}/`;
}
