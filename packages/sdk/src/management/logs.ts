import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ItemOf, QueryFor, Reply } from "../wire.ts";

/** What was accepted, what ran, and every step of it. Needs a service token. */
export class Logs {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Requests, newest first, with their executions.
   * @example
   * for await (const request of carillon.logs.requests({ limit: 50 })) console.log(request.status);
   */
  requests(
    query: QueryFor<"managementLogListRequests"> & CallOptions = {},
  ): Paged<ItemOf<"managementLogListRequests">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "log/request/"), query, {
        ...MANAGEMENT,
        query: queryOf(next),
      }),
    );
  }

  /**
   * Executions, newest first: a request has one for each recipient.
   * @example
   * for await (const execution of carillon.logs.executions({ limit: 50 })) console.log(execution.execution_id);
   */
  executions(
    query: QueryFor<"managementLogListExecutions"> & CallOptions = {},
  ): Paged<ItemOf<"managementLogListExecutions">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "log/execution/"), query, {
        ...MANAGEMENT,
        query: queryOf(next),
      }),
    );
  }

  /**
   * One execution with its steps and the values they saw.
   * @example
   * const execution = await carillon.logs.execution("01KBCDEF");
   */
  async execution(id: string, options?: CallOptions): Promise<Reply<"managementLogGetExecution">> {
    const path = managed(this.#api, `log/execution/${segment("id", id)}/`);
    return call(this.#api, "GET", path, options, MANAGEMENT);
  }

  /**
   * Broadcasts, newest first, with their progress.
   * @example
   * for await (const broadcast of carillon.logs.broadcasts({ limit: 50 })) console.log(broadcast.status);
   */
  broadcasts(
    query: QueryFor<"managementLogListBroadcasts"> & CallOptions = {},
  ): Paged<ItemOf<"managementLogListBroadcasts">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "log/broadcast/"), query, {
        ...MANAGEMENT,
        query: queryOf(next),
      }),
    );
  }

  /**
   * One broadcast. Its executions, one for each recipient, are `executions({ broadcast: id })`.
   * @example
   * const broadcast = await carillon.logs.broadcast("broadcast_01KBCDEF");
   */
  async broadcast(id: string, options?: CallOptions): Promise<Reply<"managementLogGetBroadcast">> {
    const path = managed(this.#api, `log/broadcast/${segment("id", id)}/`);
    return call(this.#api, "GET", path, options, MANAGEMENT);
  }
}
