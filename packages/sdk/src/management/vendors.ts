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
  list(query: QueryFor<"managementVendorList"> & CallOptions = {}): Promise<Reply<"managementVendorList">> {
    const path = managed(this.#api, "vendor/");
    return call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(query) });
  }

  /**
   * Saves a vendor's settings and makes it the first choice of its channel.
   * @example
   * const config = { host: "mail.example.com", port: 465, from_email: "hello@example.com" };
   * await carillon.vendors.save("smtp-email", { config });
   */
  save(
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
  delete(vendor: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path(vendor), options, MANAGEMENT);
  }

  #path(vendor: string): string {
    return managed(this.#api, `vendor/${segment("vendor", vendor)}/`);
  }
}
