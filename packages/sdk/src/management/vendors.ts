import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, QueryFor, Reply } from "../wire.ts";

/** Who sends: the vendors of each channel, and their settings. Needs a service token. */
export class Vendors {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Secrets are masked.
   * @example
   * const { results } = await carillon.vendors.list();
   */
  async list(
    query: QueryFor<"managementVendorList"> & CallOptions = {},
  ): Promise<Reply<"managementVendorList">> {
    const path = managed(this.#api, "vendor/");
    return call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(query) });
  }

  /**
   * Saves a vendor's settings and makes it the first choice of its channel.
   * @example
   * const config = { host: "mail.example.com", port: 465, from_email: "hello@example.com" };
   * await carillon.vendors.save("smtp-email", { config });
   */
  async save(
    vendor: string,
    settings: Body<"managementVendorSave">,
    options?: CallOptions,
  ): Promise<Reply<"managementVendorSave">> {
    const body = record("settings", settings);
    return call(this.#api, "POST", this.#path(vendor), options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * @example
   * await carillon.vendors.delete("smtp-email");
   */
  async delete(vendor: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path(vendor), options, MANAGEMENT);
  }

  /**
   * The vendors that there are, with the settings that each takes as a JSON Schema.
   * @example
   * const { results } = await carillon.vendors.catalog();
   */
  async catalog(options?: CallOptions): Promise<Reply<"managementVendorListCatalog">> {
    return call(this.#api, "GET", managed(this.#api, "vendor_catalog/"), options, MANAGEMENT);
  }

  /**
   * Tries the credentials of stored settings with a call that sends nothing.
   * @example
   * const { ok, message } = await carillon.vendors.verify("01JDABCDEFGHJKMNPQRSTVWXYZ");
   */
  async verify(id: string, options?: CallOptions): Promise<Reply<"managementVendorVerify">> {
    const path = managed(this.#api, `vendor/${segment("id", id)}/verify/`);
    return call(this.#api, "POST", path, options, { ...MANAGEMENT, repeatable: true });
  }

  /**
   * Sends a sample message through stored settings, and resolves to what the vendor says. A timeout of the client does
   * not take it back.
   * @example
   * const { outcome, message } = await carillon.vendors.test("01JDABCDEFGHJKMNPQRSTVWXYZ", { to: "ann@example.com" });
   */
  async test(
    id: string,
    sample: Body<"managementVendorTest">,
    options?: CallOptions,
  ): Promise<Reply<"managementVendorTest">> {
    const path = managed(this.#api, `vendor/${segment("id", id)}/test/`);
    return call(this.#api, "POST", path, options, { ...MANAGEMENT, body: record("sample", sample) });
  }

  /**
   * How vendors do: calls, errors by class, latency, breaker and spend of the last minutes (60 unless given).
   * @example
   * const { results } = await carillon.vendors.health({ minutes: 15 });
   */
  async health(
    query: QueryFor<"managementVendorHealthList"> & CallOptions = {},
  ): Promise<Reply<"managementVendorHealthList">> {
    const path = managed(this.#api, "vendor_health/");
    return call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(query) });
  }

  /**
   * The priority lists: by tenant, channel and root category, the vendors in the order in which they are tried.
   * @example
   * const { results } = await carillon.vendors.routes();
   */
  async routes(options?: CallOptions): Promise<Reply<"managementVendorRouteList">> {
    return call(this.#api, "GET", managed(this.#api, "vendor_route/"), options, MANAGEMENT);
  }

  /**
   * Replaces a priority list. A vendor that fails, or reports no delivery in time, is followed by the next one.
   * @example
   * const vendors = [{ id: "01JDABCDEFGHJKMNPQRSTVWXYZ", fallback_seconds: 60 }];
   * await carillon.vendors.setRoute("email", "transactional", { vendors });
   */
  async setRoute(
    channel: string,
    category: string,
    route: Body<"managementVendorRouteSet">,
    options?: CallOptions,
  ): Promise<Reply<"managementVendorRouteSet">> {
    const path = managed(
      this.#api,
      `vendor_route/${segment("channel", channel)}/${segment("category", category)}/`,
    );
    const body = record("route", route);
    return call(this.#api, "POST", path, options, { ...MANAGEMENT, body, repeatable: true });
  }

  #path(vendor: string): string {
    return managed(this.#api, `vendor/${segment("vendor", vendor)}/`);
  }
}
