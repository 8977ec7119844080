import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, ItemOf, QueryFor, Reply } from "../wire.ts";

export type EventView = Reply<"managementEventGet">;

/** The catalogue of events: names, descriptions, payload schemas. Needs a service token. */
export class EventAdmin {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const event of carillon.events.admin.list()) console.log(event.name);
   */
  list(query: QueryFor<"managementEventList"> & CallOptions = {}): Paged<ItemOf<"managementEventList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "event/"), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { payload_schema } = await carillon.events.admin.get("Order Placed");
   */
  async get(name: string, options?: CallOptions): Promise<EventView> {
    return call(this.#api, "GET", this.#path(name), options, MANAGEMENT);
  }

  /**
   * @example
   * await carillon.events.admin.upsert({ name: "Order Placed", description: "Somebody ordered." });
   */
  async upsert(
    event: Body<"managementEventUpsert">,
    options?: CallOptions,
  ): Promise<Reply<"managementEventUpsert">> {
    const body = record("event", event);
    return call(this.#api, "POST", managed(this.#api, "event/"), options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.events.admin.edit("Order Placed", { payload_schema: { schema: "order" } });
   */
  async edit(
    name: string,
    changes: Body<"managementEventEdit">,
    options?: CallOptions,
  ): Promise<Reply<"managementEventEdit">> {
    const body = record("changes", changes);
    return call(this.#api, "PATCH", this.#path(name), options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * Which workflows use it, and as what.
   * @example
   * const { results } = await carillon.events.admin.linkedWorkflows("Order Placed");
   */
  async linkedWorkflows(
    name: string,
    options?: CallOptions,
  ): Promise<Reply<"managementEventListLinkedWorkflows">> {
    return call(this.#api, "GET", `${this.#path(name)}linked_workflows/`, options, MANAGEMENT);
  }

  /**
   * Payloads are validated no longer.
   * @example
   * await carillon.events.admin.delinkSchema("Order Placed");
   */
  async delinkSchema(name: string, options?: CallOptions): Promise<Reply<"managementEventDelinkSchema">> {
    return call(this.#api, "PATCH", `${this.#path(name)}delink_schema/`, options, MANAGEMENT);
  }

  #path(name: string): string {
    return managed(this.#api, `event/${segment("name", name)}/`);
  }
}
