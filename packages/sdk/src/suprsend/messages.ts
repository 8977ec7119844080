import { type Api, call } from "../core/api.ts";
import { items, segment } from "../core/check.ts";
import type { Query } from "../core/transport.ts";
import { underNames } from "./errors.ts";
import type { Dictionary } from "./records.ts";

/** What was sent, and what became of it. */
export class MessagesApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const { results } = await supr_client.messages.list({ recipient_id: ["ada"], status: "delivered" });
   */
  list(options: Query = {}): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", "v1/message/", undefined, { query: options }));
  }

  /**
   * @example
   * const { content } = await supr_client.messages.get_content("01KBCDEF");
   */
  get_content(message_id: string): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `v1/message/${segment("message_id", message_id)}/content/`, undefined),
    );
  }

  /**
   * @example
   * await supr_client.messages.bulk_update([{ message_id: "01KBCDEF", action: "read" }]);
   */
  bulk_update(messages: { message_id: string; action: string }[]): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", "v1/bulk/message/", undefined, {
        body: { messages: items("messages", messages, 1000) },
        repeatable: true,
      }),
    );
  }
}
