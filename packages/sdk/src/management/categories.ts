import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { array, optionsOf, record, segment, text } from "../core/check.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, CategoryDocument, CategoryTranslation, Reply, RootCategory } from "../wire.ts";
import type { CommitOptions, Mode } from "./drafts.ts";

/** The categories of notifications, in one document with versions. Needs a service token. */
export class Categories {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const { root_categories } = await carillon.categories.get({ mode: "live" });
   */
  async get(options: { mode?: Mode } & CallOptions = {}): Promise<CategoryDocument> {
    const query = { mode: optionsOf(options).mode ?? "draft" };
    return call(this.#api, "GET", this.#path(), options, { ...MANAGEMENT, query });
  }

  /**
   * Replaces the draft whole, and commits it if asked to.
   * @example
   * const news = { category: "news", name: "News", default_preference: "opt_in" } as const;
   * await carillon.categories.save(
   *   [{ root_category: "promotional", sections: [{ name: null, categories: [news] }] }],
   *   { commit: true, commit_message: "first" },
   * );
   */
  async save(
    rootCategories: RootCategory[],
    options: CommitOptions = {},
  ): Promise<Reply<"managementPreferenceCategorySave">> {
    const body = {
      root_categories: array("rootCategories", rootCategories).map((root, index) =>
        record(`rootCategories[${index}]`, root),
      ),
    };
    return call(this.#api, "POST", this.#path(), options, { ...MANAGEMENT, body, query: queryOf(options) });
  }

  /**
   * Makes the draft live.
   * @example
   * await carillon.categories.commit("first");
   */
  async commit(message: string, options?: CallOptions): Promise<Reply<"managementPreferenceCategoryCommit">> {
    const query = { commit_message: text("message", message, 1000) };
    return call(this.#api, "PATCH", `${this.#path()}commit/`, options, { ...MANAGEMENT, query });
  }

  /**
   * The languages that names and descriptions are translated to; `en` is always one.
   * @example
   * const { results } = await carillon.categories.locales();
   */
  async locales(options?: CallOptions): Promise<Reply<"managementPreferenceCategoryTranslationListLocales">> {
    return call(this.#api, "GET", `${this.#path()}translation/locale/`, options, MANAGEMENT);
  }

  /**
   * @example
   * const { categories } = await carillon.categories.translation("de");
   */
  async translation(locale: string, options?: CallOptions): Promise<CategoryTranslation> {
    return call(this.#api, "GET", this.#translationPath(locale), options, MANAGEMENT);
  }

  /**
   * In effect at once: translations have no versions.
   * @example
   * await carillon.categories.translate("de", { categories: { news: { name: "Neuigkeiten" } } });
   */
  async translate(
    locale: string,
    translation: Body<"managementPreferenceCategoryTranslationSave">,
    options?: CallOptions,
  ): Promise<CategoryTranslation> {
    const body = record("translation", translation);
    return call(this.#api, "POST", this.#translationPath(locale), options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.categories.deleteTranslation("de");
   */
  async deleteTranslation(locale: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#translationPath(locale), options, MANAGEMENT);
  }

  #path(): string {
    return managed(this.#api, "preference_category/");
  }

  #translationPath(locale: string): string {
    return `${this.#path()}translation/content/${segment("locale", locale)}/`;
  }
}
