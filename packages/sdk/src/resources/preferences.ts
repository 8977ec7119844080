import { type Api, call } from "../core/api.ts";
import { ids, optionsOf, record, segment, tenantId, text } from "../core/check.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Channel, Reply } from "../wire.ts";
import { checkedChoices, type Choices, RecipientPreferences } from "./recipient-preferences.ts";
import { TenantPreferences } from "./tenant-preferences.ts";

/** In which tenant a choice holds: the default one if absent. */
export interface TenantScope extends CallOptions {
  tenant?: string;
}

/** What a preference page is about, and for how long its link is valid. */
export interface PreferenceLinkOptions extends TenantScope {
  /** The page shows and changes this channel alone. */
  channel?: Channel;
  /** The category that comes first. */
  category?: string;
  /** Seconds until it expires; 60 days if absent. */
  ttl?: number;
}

/** What recipients choose to get, and what tenants let them choose. */
export class Preferences {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Of one user.
   * @example
   * const { sections } = await carillon.preferences.user("ada").get();
   */
  user(user: string): RecipientPreferences {
    return new RecipientPreferences(this.#api, `v1/user/${segment("user", user)}/`);
  }

  /**
   * Of one object.
   * @example
   * const { sections } = await carillon.preferences.object("teams", "finance").get();
   */
  object(objectType: string, id: string): RecipientPreferences {
    const path = `v1/object/${segment("objectType", objectType)}/${segment("id", id)}/`;
    return new RecipientPreferences(this.#api, path);
  }

  /**
   * What a tenant makes of the categories.
   * @example
   * const { root_categories } = await carillon.preferences.tenant("acme").get();
   */
  tenant(tenant: string): TenantPreferences {
    return new TenantPreferences(this.#api, tenantId("tenant", text("tenant", tenant, 64)) ?? "");
  }

  /**
   * A link to the user's preference page, for a message or a page of your own. Whoever has it can read and change what
   * the user gets: hand it to the user alone.
   * @example
   * const { url } = await carillon.preferences.link("ada", { channel: "email", ttl: 86_400 });
   */
  async link(user: string, options: PreferenceLinkOptions = {}): Promise<Reply<"hubUserPreferenceLink">> {
    const { tenant, channel, category, ttl } = optionsOf(options);
    const body = { tenant_id: tenantId("tenant", tenant), channel, category, ttl };
    const path = `v1/user/${segment("user", user)}/preference_link/`;
    return call(this.#api, "POST", path, options, { body, repeatable: true });
  }

  /**
   * The same choices for up to 100 users; unknown ones are skipped.
   * @example
   * await carillon.preferences.updateMany(["ada", "grace"], { categories: [{ category: "news", preference: "opt_out" }] });
   */
  async updateMany(
    users: string[],
    choices: Choices,
    options: TenantScope = {},
  ): Promise<Reply<"hubUserPreferenceBulkEdit">> {
    const body = { distinct_ids: ids("users", users, 100), ...checkedChoices(choices) };
    const query = { tenant_id: tenantId("tenant", optionsOf(options).tenant) };
    return call(this.#api, "PATCH", "v1/bulk/user/preference/", options, { body, query, repeatable: true });
  }

  /**
   * Back to the defaults, for up to 100 users.
   * @example
   * await carillon.preferences.resetMany(["ada"], { categories: true, channels: false });
   */
  async resetMany(
    users: string[],
    what: { categories?: boolean; channels?: boolean } = {},
    options: TenantScope = {},
  ): Promise<Reply<"hubUserPreferenceBulkReset">> {
    const { categories, channels } = record("what", what) as typeof what;
    const body = {
      distinct_ids: ids("users", users, 100),
      reset_channel_preferences: channels ?? true,
      reset_categories: categories ?? true,
    };
    const query = { tenant_id: tenantId("tenant", optionsOf(options).tenant) };
    return call(this.#api, "PATCH", "v1/bulk/user/preference/reset/", options, {
      body,
      query,
      repeatable: true,
    });
  }
}
