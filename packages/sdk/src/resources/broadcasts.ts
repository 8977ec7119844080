import { act, type Api, call, keyed, queryOf } from "../core/api.ts";
import { optionalText, record, segment, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { commonFields, finish, payload, type RecordOptions } from "../core/records.ts";
import { randomId } from "../core/random.ts";
import { delayOf, timeOf } from "../core/times.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Channel, ItemOf, QueryFor, Reply } from "../wire.ts";
import { listId } from "./lists.ts";

/** A template for everybody in a list. */
export interface Broadcast extends RecordOptions {
  template: string;
  /** A category of yours, or `system`, `transactional`, `promotional`. */
  category: string;
  data?: Record<string, unknown>;
  /** All live channels of the template if absent. */
  channels?: Channel[];
  /** Seconds, or a duration like `1d2h30m`. */
  delay?: number | string;
  /** ISO 8601. Wins over `delay`. */
  triggerAt?: Date | string;
}

/** One notification for everybody in a list. */
export class Broadcasts {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Sends a template to a list: who is in it when it starts, each by their preferences. Needs the client's `key`.
   * @example
   * await carillon.broadcasts.send("beta-testers", { template: "news", category: "promotional", triggerAt: new Date() });
   */
  async send(list: string, broadcast: Broadcast, options?: CallOptions): Promise<void> {
    const path = keyed(this.#api, "broadcast/");
    await act(this.#api, "POST", path, options, { bytes: await toWire(list, broadcast), repeatable: true });
  }

  /**
   * Broadcasts, newest first, with their progress.
   * @example
   * const { results } = await carillon.broadcasts.list({ idempotency_key: "news-2026-11" }).page();
   */
  list(query: QueryFor<"hubBroadcastRunList"> & CallOptions = {}): Paged<ItemOf<"hubBroadcastRunList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", "v1/broadcast_run/", query, { query: queryOf(next) }),
    );
  }

  /**
   * How far one is, and why some were not reached.
   * @example
   * const broadcast = await carillon.broadcasts.get("broadcast_01KBCDEF");
   */
  async get(executionId: string, options?: CallOptions): Promise<Reply<"hubBroadcastRunGet">> {
    const path = `v1/broadcast_run/${segment("executionId", executionId)}/`;
    return call(this.#api, "GET", path, options);
  }

  /**
   * Stops broadcasts that are scheduled or under way: all that match every filter given. What they triggered before is
   * sent.
   * @example
   * const { execution_ids } = await carillon.broadcasts.cancel({ list: "beta-testers" });
   */
  async cancel(
    filter: { executionId?: string; list?: string; idempotencyKey?: string },
    options?: CallOptions,
  ): Promise<{ execution_ids: string[] }> {
    const { executionId, list, idempotencyKey } = record("filter", filter) as typeof filter;
    const body = {
      execution_id: optionalText("executionId", executionId),
      list_id: list === undefined ? undefined : listId(list),
      idempotency_key: optionalText("idempotencyKey", idempotencyKey),
    };
    if (Object.values(body).every((value) => value === undefined)) {
      throw invalidInput("filter", "needs one of executionId, list, idempotencyKey");
    }
    return call(this.#api, "POST", "v1/broadcast_run/cancel/", options, { body, repeatable: true });
  }
}

function toWire(
  list: string,
  broadcast: Broadcast,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  const { channels, delay, triggerAt } = record("broadcast", broadcast) as unknown as Broadcast;
  const wire = {
    $insert_id: randomId(),
    $time: Date.now(),
    list_id: listId(list),
    template: text("template", broadcast.template),
    notification_category: text("category", broadcast.category),
    ...(channels === undefined ? {} : { channels }),
    data: payload("data", broadcast.data),
    ...(delay === undefined ? {} : { delay: delayOf(delay) }),
    ...(triggerAt === undefined ? {} : { trigger_at: timeOf("triggerAt", triggerAt) }),
    ...commonFields(broadcast),
  };
  return finish(wire, "data", broadcast.attachments, "broadcast");
}
