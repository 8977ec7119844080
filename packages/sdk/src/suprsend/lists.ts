import { type Api, call, keyed } from "../core/api.ts";
import { record, segment, text } from "../core/check.ts";
import type { Query } from "../core/transport.ts";
import { listId, Lists } from "../resources/lists.ts";
import { inputError, underNames } from "./errors.ts";
import { type Dictionary, SubscriberListBroadcast } from "./records.ts";
import { type SResponse, settled } from "./replies.ts";
import { within } from "./tenants.ts";

/** Lists of users, and broadcasts to them. */
export class SubscriberListsApi {
  readonly #api: Api;
  readonly #lists: Lists;

  constructor(api: Api) {
    this.#api = api;
    this.#lists = new Lists(api);
  }

  /**
   * @example
   * await supr_client.subscriber_lists.create({ list_id: "beta-testers", list_name: "Beta testers" });
   */
  create(payload: Dictionary): Promise<Dictionary> {
    return underNames(() => {
      const { list_id, ...rest } = record("payload", payload);
      const body = { list_id: listId(text("list_id", list_id, 64)), ...rest };
      return call(this.#api, "POST", "v1/subscriber_list/", undefined, { body, repeatable: true });
    });
  }

  /**
   * @example
   * const { results } = await supr_client.subscriber_lists.get_all({ limit: 20, offset: 0 });
   */
  get_all(options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", "v1/subscriber_list/", undefined, { query: within(options) }),
    );
  }

  /**
   * @example
   * const { subscribers_count } = await supr_client.subscriber_lists.get("beta-testers");
   */
  get(list_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", path(list_id), undefined));
  }

  /**
   * @example
   * await supr_client.subscriber_lists.add("beta-testers", ["ada", "grace"]);
   */
  add(list_id: string, distinct_ids: string[]): Promise<Dictionary> {
    return change(distinct_ids, () => this.#lists.add(list_id, distinct_ids));
  }

  /**
   * @example
   * await supr_client.subscriber_lists.remove("beta-testers", ["ada"]);
   */
  remove(list_id: string, distinct_ids: string[]): Promise<Dictionary> {
    return change(distinct_ids, () => this.#lists.remove(list_id, distinct_ids));
  }

  /**
   * @example
   * await supr_client.subscriber_lists.delete("beta-testers");
   */
  delete(list_id: string): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", `${path(list_id)}delete/`, undefined, { body: {}, repeatable: true }),
    );
  }

  /**
   * @example
   * const body = { list_id: "beta-testers", template: "news", notification_category: "promotional" };
   * const response = await supr_client.subscriber_lists.broadcast(new SubscriberListBroadcast(body));
   */
  async broadcast(broadcast_instance: SubscriberListBroadcast): Promise<SResponse> {
    if (!(broadcast_instance instanceof SubscriberListBroadcast)) {
      throw inputError("broadcast_instance", "must be a SubscriberListBroadcast");
    }
    return settled(
      async () =>
        this.#api.send({
          method: "POST",
          path: keyed(this.#api, "broadcast/"),
          bytes: broadcast_instance.toBytes(),
          repeatable: true,
        }),
      ({ statusText }) => statusText,
    );
  }

  /**
   * Begins an empty draft that can replace the list.
   * @example
   * const { version_id } = await supr_client.subscriber_lists.start_sync("beta-testers");
   */
  start_sync(list_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "POST", `${path(list_id)}start_sync/`, undefined, { body: {} }));
  }

  /**
   * @example
   * const draft = await supr_client.subscriber_lists.get_version("beta-testers", "01KBCDEF");
   */
  get_version(list_id: string, version_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", versionPath(list_id, version_id), undefined));
  }

  /**
   * @example
   * await supr_client.subscriber_lists.add_to_version("beta-testers", "01KBCDEF", ["ada"]);
   */
  add_to_version(list_id: string, version_id: string, distinct_ids: string[]): Promise<Dictionary> {
    return change(distinct_ids, () => this.#lists.addToVersion(list_id, version_id, distinct_ids));
  }

  /**
   * @example
   * await supr_client.subscriber_lists.remove_from_version("beta-testers", "01KBCDEF", ["ada"]);
   */
  remove_from_version(list_id: string, version_id: string, distinct_ids: string[]): Promise<Dictionary> {
    return change(distinct_ids, () => this.#lists.removeFromVersion(list_id, version_id, distinct_ids));
  }

  /**
   * Makes the draft the list.
   * @example
   * await supr_client.subscriber_lists.finish_sync("beta-testers", "01KBCDEF");
   */
  finish_sync(list_id: string, version_id: string): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", `${versionPath(list_id, version_id)}finish_sync/`, undefined, { body: {} }),
    );
  }

  /**
   * @example
   * await supr_client.subscriber_lists.delete_version("beta-testers", "01KBCDEF");
   */
  delete_version(list_id: string, version_id: string): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", `${versionPath(list_id, version_id)}delete/`, undefined, { body: {} }),
    );
  }
}

/** No ids are no call. */
async function change(distinct_ids: string[], work: () => Promise<object>): Promise<Dictionary> {
  if (!Array.isArray(distinct_ids)) throw inputError("distinct_ids", "must be an array of strings");
  if (distinct_ids.length === 0) return { success: true };
  return underNames(async () => ({ ...(await work()) }));
}

function path(list_id: string): string {
  return `v1/subscriber_list/${listId(list_id)}/`;
}

function versionPath(list_id: string, version_id: string): string {
  return `${path(list_id)}version/${segment("version_id", version_id)}/`;
}
