import { type Api, call, queryOf } from "../core/api.ts";
import { items, record, segment, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ItemOf, MessageAction, QueryFor, Reply } from "../wire.ts";

const ACTIONS = new Set(["seen", "clicked", "dismissed", "read", "unread", "archived", "unarchived"]);
const MOST = 1000;

/** What was sent, on which channel, and what became of it. */
export class Messages {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Newest first.
   * @example
   * for await (const message of carillon.messages.list({ recipient_id: "ada", status: ["delivered", "seen"] })) {
   *   console.log(message.message_id, message.status);
   * }
   */
  list(query: QueryFor<"hubMessageList"> & CallOptions = {}): Paged<ItemOf<"hubMessageList">> {
    return paged(query, (next) => call(this.#api, "GET", "v1/message/", query, { query: queryOf(next) }));
  }

  /**
   * What a message said, as it was rendered.
   * @example
   * const { channel, content } = await carillon.messages.content("01KBCDEF");
   */
  async content(message: string, options?: CallOptions): Promise<Reply<"hubMessageContent">> {
    return call(this.#api, "GET", `v1/message/${segment("message", message)}/content/`, options);
  }

  /**
   * Marks up to 1000 messages. Each has its own outcome, in the order given.
   * @example
   * const { records } = await carillon.messages.update([{ message_id: "01KBCDEF", action: "read" }]);
   */
  async update(
    updates: { message_id: string; action: MessageAction }[],
    options?: CallOptions,
  ): Promise<Reply<"hubMessageBulkUpdate">> {
    const messages = items("updates", updates, MOST).map((update, index) => {
      const field = `updates[${index}]`;
      record(field, update);
      if (!ACTIONS.has(update.action)) {
        throw invalidInput(`${field}.action`, `must be one of ${[...ACTIONS].join(", ")}`);
      }
      return { message_id: text(`${field}.message_id`, update.message_id), action: update.action };
    });
    return call(this.#api, "PATCH", "v1/bulk/message/", options, { body: { messages }, repeatable: true });
  }
}
