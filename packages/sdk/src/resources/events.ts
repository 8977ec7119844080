import { type Api, call } from "../core/api.ts";
import { type Outcome, sendInBatches } from "../core/batches.ts";
import { type BulkResult, EVENTS, postRecords, sendAll } from "../core/bulk.ts";
import { record, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { commonFields, finish, payload, type RecordOptions } from "../core/records.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Reply } from "../wire.ts";
import { EventAdmin } from "../management/event-admin.ts";

/** What happened, besides its name. */
export interface TrackedEvent extends RecordOptions {
  /** Whose event it is: a `distinct_id`. The user must exist. */
  user: string;
  /** What templates and conditions see. */
  properties?: Record<string, unknown> | undefined;
}

/** One of many events. */
export interface EventRecord extends TrackedEvent {
  event: string;
}

/** Names that begin with `$` or `ss_` are reserved, but for these (data-and-preferences.md §3.1). */
const RESERVED = new Set([
  "$identify",
  "$notification_delivered",
  "$notification_dismiss",
  "$notification_clicked",
  "$app_launched",
  "$app_installed",
  "$user_login",
  "$user_logout",
  "$purchase_made",
  "$notification_subscribed",
  "$notification_unsubscribed",
  "$page_visited",
]);

/** Events, which trigger the workflows that wait for them. */
export class Events {
  /** The catalogue of events and their schemas. Needs a service token. */
  readonly admin: EventAdmin;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    this.admin = new EventAdmin(api);
  }

  /**
   * Tracks an event of a user. Retries send the same idempotency key.
   * @example
   * await carillon.events.track("Order Placed", { user: "ada", properties: { order_id: "A-1001" } });
   */
  async track(event: string, tracked: TrackedEvent, options?: CallOptions): Promise<Reply<"hubEventV2">> {
    const bytes = await toWire(event, tracked);
    return call(this.#api, "POST", "v2/event/", options, { bytes, repeatable: true });
  }

  /**
   * Tracks any number of events, 100 a call, and adds up what became of them.
   * @example
   * const { failed_records } = await carillon.events.trackMany([
   *   { event: "Order Placed", user: "ada", properties: { order_id: "A-1001" } },
   *   { event: "Order Placed", user: "grace", properties: { order_id: "A-1002" } },
   * ]);
   */
  async trackMany<Record extends EventRecord>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): Promise<BulkResult<Record>> {
    return sendAll(records, this.#batches(options));
  }

  /**
   * The same one outcome at a time, in order.
   * @example
   * for await (const outcome of carillon.events.trackStream([{ event: "Order Placed", user: "ada" }])) {
   *   console.log(outcome.index, outcome.status);
   * }
   */
  trackStream<Record extends EventRecord>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): AsyncGenerator<Outcome<Record>, void, undefined> {
    return sendInBatches(records, this.#batches(options));
  }

  #batches(options: CallOptions | undefined) {
    return {
      prepare: (one: EventRecord) => {
        record("record", one);
        return toWire(one.event, one);
      },
      signal: options?.signal,
      post: (bytes: Uint8Array<ArrayBuffer>) => postRecords(this.#api, EVENTS, bytes, options),
    };
  }
}

function toWire(
  name: string,
  tracked: TrackedEvent,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  record("event", tracked);
  const event = eventName(name);
  const wire = {
    event,
    distinct_id: text("user", tracked.user),
    properties: payload("properties", tracked.properties),
    ...commonFields(tracked),
  };
  return finish(wire, "properties", tracked.attachments, "event");
}

export function eventName(name: string): string {
  const event = text("event", name);
  if (event.length < 2) throw invalidInput("event", "must have at least 2 characters");
  if (/^(?:\$|ss_)/.test(event) && !RESERVED.has(event)) {
    throw invalidInput("event", "must not begin with $ or ss_: such names are reserved");
  }
  return event;
}
