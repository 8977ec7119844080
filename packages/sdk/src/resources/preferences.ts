import type { Api } from "../core/api.ts";
import { call } from "../core/api.ts";
import { ids, items, record, segment, tenantId, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ChannelPreference, NamedChoice } from "../wire-more.ts";
import { RecipientPreferences } from "./recipient-preferences.ts";
import { TenantPreferences } from "./tenant-preferences.ts";

/** In which tenant a choice holds: the default one if absent. */
export interface TenantScope extends CallOptions {
  tenant?: string;
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
   * The same choices for up to 100 users; unknown ones are skipped.
   * @example
   * await carillon.preferences.updateMany(["ada", "grace"], { categories: [{ category: "news", preference: "opt_out" }] });
   */
  updateMany(
    users: string[],
    choices: { channel_preferences?: ChannelPreference[]; categories?: NamedChoice[] },
    options: TenantScope = {},
  ): Promise<{ success: boolean }> {
    const { channel_preferences, categories } = record("choices", choices) as typeof choices;
    if (channel_preferences === undefined && categories === undefined) {
      throw invalidInput("choices", "needs channel_preferences or categories");
    }
    if (categories !== undefined) items("categories", categories, 1000).forEach(checkChoice);
    const body = { distinct_ids: ids("users", users, 100), channel_preferences, categories };
    const query = { tenant_id: tenantId("tenant", options.tenant) };
    return call(this.#api, "PATCH", "v1/bulk/user/preference/", options, { body, query, repeatable: true });
  }

  /**
   * Back to the defaults, for up to 100 users.
   * @example
   * await carillon.preferences.resetMany(["ada"], { categories: true, channels: false });
   */
  resetMany(
    users: string[],
    what: { categories?: boolean; channels?: boolean } = {},
    options: TenantScope = {},
  ): Promise<{ success: boolean }> {
    const body = {
      distinct_ids: ids("users", users, 100),
      reset_channel_preferences: what.channels ?? true,
      reset_categories: what.categories ?? true,
    };
    const query = { tenant_id: tenantId("tenant", options.tenant) };
    return call(this.#api, "PATCH", "v1/bulk/user/preference/reset/", options, {
      body,
      query,
      repeatable: true,
    });
  }
}

function checkChoice(choice: NamedChoice, index: number): void {
  const field = `categories[${index}]`;
  record(field, choice);
  text(`${field}.category`, choice.category);
  checkPreference(`${field}.preference`, choice.preference);
}

export function checkPreference(field: string, preference: unknown): void {
  if (preference !== "opt_in" && preference !== "opt_out") {
    throw invalidInput(field, "must be opt_in or opt_out");
  }
}
