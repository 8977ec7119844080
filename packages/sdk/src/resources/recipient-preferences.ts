import { type Api, call } from "../core/api.ts";
import { items, record, segment, tenantId } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions, Query } from "../core/transport.ts";
import type {
  CategoryChoice,
  CategoryPreference,
  ChannelPreference,
  FullPreference,
  NamedChoice,
} from "../wire-more.ts";

/** Which preferences are read, and how they are shown. */
export interface PreferenceQuery extends CallOptions {
  /** The default one if absent. */
  tenant?: string;
  /** Names and descriptions in this language. */
  locale?: string;
  /** Lists the channels of what is off, too. */
  showOptOutChannels?: boolean;
  /** A tag, or `{"or":[…]}`, `{"and":[…]}`, `{"not":"tag"}`. */
  tags?: string | Record<string, unknown>;
}

/** What one user or object chooses to get. */
export class RecipientPreferences {
  readonly #api: Api;
  readonly #path: string;

  constructor(api: Api, recipient: string) {
    this.#api = api;
    this.#path = `${recipient}preference/`;
  }

  /**
   * All of them.
   * @example
   * const { sections, channel_preferences } = await carillon.preferences.user("ada").get({ tenant: "acme" });
   */
  get(options: PreferenceQuery = {}): Promise<FullPreference> {
    return call(this.#api, "GET", this.#path, options, { query: toQuery(options) });
  }

  /**
   * Changes categories and channels in one call, all or none.
   * @example
   * await carillon.preferences.user("ada").update({ categories: [{ category: "news", preference: "opt_out" }] });
   */
  update(
    choices: { channel_preferences?: ChannelPreference[]; categories?: NamedChoice[] },
    options: PreferenceQuery = {},
  ): Promise<FullPreference> {
    const body = record("choices", choices);
    return call(this.#api, "PATCH", this.#path, options, { body, query: toQuery(options), repeatable: true });
  }

  /**
   * @example
   * for await (const { category, preference } of carillon.preferences.user("ada").categories()) {
   *   console.log(category, preference);
   * }
   */
  categories(query: PreferenceQuery & { limit?: number; offset?: number } = {}): Paged<CategoryPreference> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${this.#path}category/`, query, {
        query: { ...toQuery(next), limit: next.limit, offset: next.offset },
      }),
    );
  }

  /**
   * @example
   * const { preference } = await carillon.preferences.user("ada").category("news");
   */
  category(category: string, options: PreferenceQuery = {}): Promise<CategoryPreference> {
    return call(this.#api, "GET", this.#categoryPath(category), options, { query: toQuery(options) });
  }

  /**
   * Replaces what was chosen of a category.
   * @example
   * await carillon.preferences.user("ada").setCategory("news", { preference: "opt_in", opt_out_channels: ["sms"] });
   */
  setCategory(
    category: string,
    choice: CategoryChoice,
    options: PreferenceQuery = {},
  ): Promise<CategoryPreference> {
    const body = record("choice", choice);
    if (body.preference !== "opt_in" && body.preference !== "opt_out") {
      throw invalidInput("preference", "must be opt_in or opt_out");
    }
    return call(this.#api, "PATCH", this.#categoryPath(category), options, {
      body,
      query: toQuery(options),
      repeatable: true,
    });
  }

  /**
   * @example
   * const { channel_preferences } = await carillon.preferences.user("ada").channels();
   */
  channels(options: PreferenceQuery = {}): Promise<{ channel_preferences: ChannelPreference[] }> {
    return call(this.#api, "GET", `${this.#path}channel_preference/`, options, { query: toQuery(options) });
  }

  /**
   * Restricts channels to what must be sent, or lifts that; the others stay.
   * @example
   * await carillon.preferences.user("ada").setChannels([{ channel: "sms", is_restricted: true }]);
   */
  setChannels(
    channels: ChannelPreference[],
    options: PreferenceQuery = {},
  ): Promise<{ channel_preferences: ChannelPreference[] }> {
    const body = { channel_preferences: items("channels", channels, 100) };
    return call(this.#api, "PATCH", `${this.#path}channel_preference/`, options, {
      body,
      query: toQuery(options),
      repeatable: true,
    });
  }

  #categoryPath(category: string): string {
    return `${this.#path}category/${segment("category", category)}/`;
  }
}

export function toQuery({ tenant, locale, showOptOutChannels, tags }: PreferenceQuery): Query {
  return {
    tenant_id: tenantId("tenant", tenant),
    locale,
    show_opt_out_channels: showOptOutChannels,
    tags: typeof tags === "object" ? JSON.stringify(tags) : tags,
  };
}
