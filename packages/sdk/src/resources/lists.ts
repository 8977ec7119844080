import { act, type Api, call, queryOf } from "../core/api.ts";
import { array, items, optionalText, record, segment, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { CursorQuery, ItemOf, ListView, Membership, OffsetQuery } from "../wire.ts";

/** Of one call; longer arrays are cut into several (data-and-preferences.md §11.1). */
const MOST = 1000;

/** What a list is. */
export interface ListOptions {
  name?: string;
  description?: string;
  /** Makes it dynamic: who is in it is what this query finds. */
  query?: string;
  isEnabled?: boolean;
  /** Whether entering is an event that triggers workflows. */
  trackUserEntry?: boolean;
  trackUserExit?: boolean;
}

/** Lists of users, to which broadcasts go. */
export class Lists {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const list of carillon.lists.list()) console.log(list.list_id, list.subscribers_count);
   */
  list(query: OffsetQuery & CallOptions = {}): Paged<ListView> {
    return paged(query, (next) =>
      call(this.#api, "GET", "v1/subscriber_list/", query, { query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { subscribers_count } = await carillon.lists.get("beta-testers");
   */
  async get(list: string, options?: CallOptions): Promise<ListView> {
    return call(this.#api, "GET", pathOf(list), options);
  }

  /**
   * Creates a list, or changes one.
   * @example
   * await carillon.lists.upsert("beta-testers", { name: "Beta testers" });
   */
  async upsert(list: string, changes: ListOptions = {}, options?: CallOptions): Promise<ListView> {
    const { name, description, query, isEnabled, trackUserEntry, trackUserExit } = record(
      "changes",
      changes,
    ) as ListOptions;
    const found = optionalText("query", query, 100_000);
    const body = {
      list_id: listId(list),
      list_name: name,
      list_description: description,
      ...(found === undefined ? {} : { list_type: "dynamic_list", query: found }),
      is_enabled: isEnabled,
      track_user_entry: trackUserEntry,
      track_user_exit: trackUserExit,
    };
    return call(this.#api, "POST", "v1/subscriber_list/", options, { body, repeatable: true });
  }

  /**
   * @example
   * await carillon.lists.delete("beta-testers");
   */
  async delete(list: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", pathOf(list), options);
  }

  /**
   * @example
   * for await (const { distinct_id } of carillon.lists.members("beta-testers")) console.log(distinct_id);
   */
  members(list: string, query: CursorQuery & CallOptions = {}): Paged<ItemOf<"hubSubscriberListListUsers">> {
    const path = `${pathOf(list)}subscriber/`;
    return paged(query, (next) => call(this.#api, "GET", path, query, { query: queryOf(next) }));
  }

  /**
   * Adds users, any number of them. Unknown ones are skipped.
   * @example
   * const { affected_count } = await carillon.lists.add("beta-testers", ["ada", "grace"]);
   */
  async add(list: string, users: string[], options?: CallOptions): Promise<Membership> {
    return this.#change(`${pathOf(list)}subscriber/add/`, users, options);
  }

  /**
   * @example
   * await carillon.lists.remove("beta-testers", ["ada"]);
   */
  async remove(list: string, users: string[], options?: CallOptions): Promise<Membership> {
    return this.#change(`${pathOf(list)}subscriber/remove/`, users, options);
  }

  /**
   * Replaces all members at one moment: fills a draft, and makes it the list. Until then nothing of the list changes; if
   * something fails the draft is dropped.
   * @example
   * await carillon.lists.replace("beta-testers", ["ada", "grace"]);
   */
  async replace(list: string, users: string[], options?: CallOptions): Promise<ListView> {
    const names = namesOf(array("users", users));
    const { version_id } = await this.startSync(list, options);
    const version = text("version_id", version_id);
    try {
      if (names.length > 0) await this.addToVersion(list, version, names, options);
      return await this.finishSync(list, version, options);
    } catch (error) {
      // The reason why it failed is the one to report, whatever becomes of the draft.
      await this.deleteVersion(list, version).catch(() => {});
      throw error;
    }
  }

  /**
   * Begins an empty draft of the list; its `version_id` names it.
   * @example
   * const { version_id } = await carillon.lists.startSync("beta-testers");
   */
  async startSync(list: string, options?: CallOptions): Promise<ListView> {
    return call(this.#api, "POST", `${pathOf(list)}start_sync/`, options, { body: {} });
  }

  /**
   * @example
   * const { subscribers_count } = await carillon.lists.version("beta-testers", "01KBCDEF");
   */
  async version(list: string, version: string, options?: CallOptions): Promise<ListView> {
    return call(this.#api, "GET", versionPath(list, version), options);
  }

  /**
   * @example
   * await carillon.lists.addToVersion("beta-testers", "01KBCDEF", ["ada"]);
   */
  async addToVersion(
    list: string,
    version: string,
    users: string[],
    options?: CallOptions,
  ): Promise<Membership> {
    return this.#change(`${versionPath(list, version)}subscriber/add/`, users, options);
  }

  /**
   * @example
   * await carillon.lists.removeFromVersion("beta-testers", "01KBCDEF", ["ada"]);
   */
  async removeFromVersion(
    list: string,
    version: string,
    users: string[],
    options?: CallOptions,
  ): Promise<Membership> {
    return this.#change(`${versionPath(list, version)}subscriber/remove/`, users, options);
  }

  /**
   * Makes the draft the list.
   * @example
   * await carillon.lists.finishSync("beta-testers", "01KBCDEF");
   */
  async finishSync(list: string, version: string, options?: CallOptions): Promise<ListView> {
    return call(this.#api, "PATCH", `${versionPath(list, version)}finish_sync/`, options, { body: {} });
  }

  /**
   * @example
   * await carillon.lists.deleteVersion("beta-testers", "01KBCDEF");
   */
  async deleteVersion(list: string, version: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", versionPath(list, version), options);
  }

  /**
   * Up to 10 rows that a query would find.
   * @example
   * const { data } = await carillon.lists.dryRun("select distinct_id from users");
   */
  async dryRun(query: string, options?: CallOptions): Promise<{ data: Record<string, unknown>[] }> {
    const body = { query_text: text("query", query, 100_000) };
    return call(this.#api, "POST", "v1/subscriber_list/~/dry_run/", options, { body, repeatable: true });
  }

  /**
   * How many users a query would find.
   * @example
   * const { count } = await carillon.lists.dryRunCount("select distinct_id from users");
   */
  async dryRunCount(query: string, options?: CallOptions): Promise<{ count: number }> {
    const body = { query_text: text("query", query, 100_000) };
    return call(this.#api, "POST", "v1/subscriber_list/~/dry_run/count/", options, {
      body,
      repeatable: true,
    });
  }

  async #change(path: string, users: string[], options: CallOptions | undefined): Promise<Membership> {
    const names = namesOf(items("users", users, Number.MAX_SAFE_INTEGER));
    let affected_count = 0;
    for (let at = 0; at < names.length; at += MOST) {
      const body = { distinct_ids: names.slice(at, at + MOST) };
      const done = await call<Membership>(this.#api, "POST", path, options, { body, repeatable: true });
      affected_count += done.affected_count;
    }
    return { success: true, affected_count };
  }
}

function namesOf(users: readonly string[]): string[] {
  return users.map((user, index) => text(`users[${index}]`, user));
}

/** Lower case, as the server stores it. */
export function listId(list: string): string {
  const id = text("list", list, 64).toLowerCase();
  if (!/^[a-z0-9_-]+$/.test(id)) throw invalidInput("list", "must be made of a-z, 0-9, _ and -");
  return id;
}

function pathOf(list: string): string {
  return `v1/subscriber_list/${listId(list)}/`;
}

function versionPath(list: string, version: string): string {
  return `${pathOf(list)}version/${segment("version", version)}/`;
}
