import { type Api, call } from "../core/api.ts";
import { array, items, optionsOf, record, segment, tenantId, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions, Query } from "../core/transport.ts";
import type {
  CategoryChoice,
  CategoryPreference,
  ChannelPreference,
  FullPreference,
  NamedChoice,
  OffsetQuery,
  Reply,
} from "../wire.ts";

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

/** What is chosen in one call. */
export interface Choices {
  channel_preferences?: ChannelPreference[];
  categories?: NamedChoice[];
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
  async get(options: PreferenceQuery = {}): Promise<FullPreference> {
    return call(this.#api, "GET", this.#path, options, { query: toQuery(options) });
  }

  /**
   * Changes categories and channels in one call, all or none.
   * @example
   * await carillon.preferences.user("ada").update({ categories: [{ category: "news", preference: "opt_out" }] });
   */
  async update(choices: Choices, options: PreferenceQuery = {}): Promise<FullPreference> {
    const body = checkedChoices(choices);
    return call(this.#api, "PATCH", this.#path, options, { body, query: toQuery(options), repeatable: true });
  }

  /**
   * @example
   * for await (const { category, preference } of carillon.preferences.user("ada").categories()) {
   *   console.log(category, preference);
   * }
   */
  categories(query: PreferenceQuery & OffsetQuery = {}): Paged<CategoryPreference> {
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
  async category(category: string, options: PreferenceQuery = {}): Promise<CategoryPreference> {
    return call(this.#api, "GET", this.#categoryPath(category), options, { query: toQuery(options) });
  }

  /**
   * Replaces what was chosen of a category.
   * @example
   * await carillon.preferences.user("ada").setCategory("news", { preference: "opt_in", opt_out_channels: ["sms"] });
   */
  async setCategory(
    category: string,
    choice: CategoryChoice,
    options: PreferenceQuery = {},
  ): Promise<CategoryPreference> {
    const body = record("choice", choice);
    checkPreference("preference", body.preference);
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
  async channels(options: PreferenceQuery = {}): Promise<Reply<"hubUserPreferenceGetChannels">> {
    return call(this.#api, "GET", `${this.#path}channel_preference/`, options, { query: toQuery(options) });
  }

  /**
   * Restricts channels to what must be sent, or lifts that; the others stay.
   * @example
   * await carillon.preferences.user("ada").setChannels([{ channel: "sms", is_restricted: true }]);
   */
  async setChannels(
    channels: ChannelPreference[],
    options: PreferenceQuery = {},
  ): Promise<Reply<"hubUserPreferenceGetChannels">> {
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

export function toQuery(options: PreferenceQuery): Query {
  const { tenant, locale, showOptOutChannels, tags } = optionsOf(options);
  return {
    tenant_id: tenantId("tenant", tenant),
    locale,
    show_opt_out_channels: showOptOutChannels,
    tags: typeof tags === "object" ? JSON.stringify(tags) : tags,
  };
}

/** At least one of the two, and each choice of a category whole. */
export function checkedChoices(choices: Choices): Choices {
  const { channel_preferences, categories } = record("choices", choices) as Choices;
  if (channel_preferences === undefined && categories === undefined) {
    throw invalidInput("choices", "needs channel_preferences or categories");
  }
  if (categories !== undefined) {
    array("categories", categories).forEach((choice, index) => {
      const field = `categories[${index}]`;
      record(field, choice);
      text(`${field}.category`, choice.category);
      checkPreference(`${field}.preference`, choice.preference);
    });
  }
  return {
    ...(channel_preferences === undefined
      ? {}
      : { channel_preferences: [...array("channel_preferences", channel_preferences)] }),
    ...(categories === undefined ? {} : { categories }),
  };
}

function checkPreference(field: string, preference: unknown): void {
  if (preference !== "opt_in" && preference !== "opt_out") {
    throw invalidInput(field, "must be opt_in or opt_out");
  }
}
