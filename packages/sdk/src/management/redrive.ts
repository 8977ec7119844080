import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record } from "../core/check.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, QueryFor, Reply } from "../wire.ts";

/** What failed, and putting it back. Needs a service token. */
export class Redrive {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * What failed in the last day or since a time, grouped by error.
   * @example
   * const { messages } = await carillon.redrive.failures({ workflow: "order-confirmed" });
   */
  async failures(
    query: QueryFor<"managementRedriveList"> & CallOptions = {},
  ): Promise<Reply<"managementRedriveList">> {
    const path = managed(this.#api, "redrive/");
    return call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(query) });
  }

  /**
   * Puts back what is named, or what a filter finds, each once however often it is asked for.
   * @example
   * const { messages } = await carillon.redrive.run({ filter: { workflow: "order-confirmed" }, dry_run: true });
   */
  async run(what: Body<"managementRedrive">, options?: CallOptions): Promise<Reply<"managementRedrive">> {
    const body = record("what", what);
    const path = managed(this.#api, "redrive/");
    return call(this.#api, "POST", path, options, { ...MANAGEMENT, body, repeatable: true });
  }
}
