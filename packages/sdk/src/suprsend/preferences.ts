import { type Api, call } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import type { Query } from "../core/transport.ts";
import { underNames } from "./errors.ts";
import type { Dictionary } from "./records.ts";

/** Preferences of users and of objects, which differ by what names one: the names that the Python and Go clients have. */
export class PreferenceCalls<Name extends string[]> {
  readonly #api: Api;
  readonly #pathOf: (...name: Name) => string;

  constructor(api: Api, pathOf: (...name: Name) => string) {
    this.#api = api;
    this.#pathOf = pathOf;
  }

  /**
   * @example
   * const { sections } = await supr_client.users.get_full_preference("ada", { tenant_id: "acme" });
   */
  get_full_preference(...args: [...Name, options?: Query | undefined]): Promise<Dictionary> {
    const [name, options] = this.#split(args);
    return this.#get(name, "preference/", options);
  }

  /**
   * @example
   * const { channel_preferences } = await supr_client.users.get_global_channels_preference("ada");
   */
  get_global_channels_preference(...args: [...Name, options?: Query | undefined]): Promise<Dictionary> {
    const [name, options] = this.#split(args);
    return this.#get(name, "preference/channel_preference/", options);
  }

  /**
   * @example
   * await supr_client.users.update_global_channels_preference("ada", {
   *   channel_preferences: [{ channel: "sms", is_restricted: true }],
   * });
   */
  update_global_channels_preference(
    ...args: [...Name, payload: Dictionary, options?: Query | undefined]
  ): Promise<Dictionary> {
    const [name, payload, options] = this.#split(args);
    return this.#patch(name, "preference/channel_preference/", payload, options);
  }

  /**
   * The same by its name in the Python client.
   * @example
   * await supr_client.users.update_channel_preference("ada", {
   *   channel_preferences: [{ channel: "sms", is_restricted: true }],
   * });
   */
  update_channel_preference(
    ...args: [...Name, payload: Dictionary, options?: Query | undefined]
  ): Promise<Dictionary> {
    return this.update_global_channels_preference(...args);
  }

  /**
   * @example
   * const { results } = await supr_client.users.get_all_categories_preference("ada");
   */
  get_all_categories_preference(...args: [...Name, options?: Query | undefined]): Promise<Dictionary> {
    const [name, options] = this.#split(args);
    return this.#get(name, "preference/category/", options);
  }

  /**
   * @example
   * const { preference } = await supr_client.users.get_category_preference("ada", "news");
   */
  get_category_preference(
    ...args: [...Name, category: string, options?: Query | undefined]
  ): Promise<Dictionary> {
    const [name, category, options] = this.#split(args);
    return this.#get(name, () => categoryPath(category), options);
  }

  /**
   * @example
   * await supr_client.users.update_category_preference("ada", "news", { preference: "opt_out" });
   */
  update_category_preference(
    ...args: [...Name, category: string, payload: Dictionary, options?: Query | undefined]
  ): Promise<Dictionary> {
    const [name, category, payload, options] = this.#split(args);
    return this.#patch(name, () => categoryPath(category), payload, options);
  }

  /** What names the recipient, and the rest. */
  #split(args: readonly unknown[]): [Name, ...unknown[]] {
    const count = this.#pathOf.length;
    return [args.slice(0, count) as Name, ...args.slice(count)];
  }

  #get(name: Name, rest: string | (() => string), options: unknown): Promise<Dictionary> {
    return underNames(() =>
      call(
        this.#api,
        "GET",
        `${this.#pathOf(...name)}${typeof rest === "string" ? rest : rest()}`,
        undefined,
        {
          query: (options ?? {}) as Query,
        },
      ),
    );
  }

  #patch(name: Name, rest: string | (() => string), payload: unknown, options: unknown): Promise<Dictionary> {
    return underNames(() =>
      call(
        this.#api,
        "PATCH",
        `${this.#pathOf(...name)}${typeof rest === "string" ? rest : rest()}`,
        undefined,
        {
          body: record("payload", payload),
          query: (options ?? {}) as Query,
          repeatable: true,
        },
      ),
    );
  }
}

function categoryPath(category: unknown): string {
  return `preference/category/${segment("category", category)}/`;
}
