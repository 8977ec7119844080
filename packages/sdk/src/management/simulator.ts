import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ItemOf, QueryFor } from "../wire.ts";

/** What the simulators caught instead of sending it. Needs a service token. */
export class Simulator {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Newest first.
   * @example
   * for await (const caught of carillon.simulator.list({ recipient: "ada" })) console.log(caught);
   */
  list(
    query: QueryFor<"managementSimulatorList"> & CallOptions = {},
  ): Paged<ItemOf<"managementSimulatorList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "simulator/"), query, {
        ...MANAGEMENT,
        query: queryOf(next),
      }),
    );
  }
}
