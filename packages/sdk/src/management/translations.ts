import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record, segment, within } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ItemOf, QueryFor, Reply } from "../wire.ts";

/** Texts of a file by their keys; a value is a text, a plural (`zero`, `one`, `other`), or an object of values. */
export interface TranslationTexts {
  [key: string]: string | TranslationTexts;
}

/**
 * The files of texts that templates look up with `t`: `es.json`, or `orders.es.json` for the namespace `orders`. Needs a
 * service token.
 */
export class Translations {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * The files of the draft, with those that it deletes; with `{ mode: "live" }` those that are sent.
   * @example
   * for await (const { filename, action } of carillon.translations.list()) console.log(filename, action);
   */
  list(
    query: QueryFor<"managementTranslationList"> & CallOptions = {},
  ): Paged<ItemOf<"managementTranslationList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", this.#path(), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { content } = await carillon.translations.get("es.json", { mode: "live" });
   */
  async get(
    file: string,
    options: QueryFor<"managementTranslationGet"> & CallOptions = {},
  ): Promise<Reply<"managementTranslationGet">> {
    return call(this.#api, "GET", this.#filePath(file), options, { ...MANAGEMENT, query: queryOf(options) });
  }

  /**
   * Creates a file in the draft, or replaces its content whole.
   * @example
   * await carillon.translations.save("es.json", {
   *   greeting: "Hola, {{name}}",
   *   items: { zero: "nada", one: "un artículo", other: "{{count}} artículos" },
   * });
   */
  async save(
    file: string,
    content: TranslationTexts,
    options?: CallOptions,
  ): Promise<Reply<"managementTranslationSave">> {
    const body = { content: record("content", content) };
    return call(this.#api, "POST", this.#filePath(file), options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * Deletes a file from the draft; what is live stays until the commit.
   * @example
   * await carillon.translations.delete("es.json");
   */
  async delete(file: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#filePath(file), options, MANAGEMENT);
  }

  /**
   * Makes the draft live, as a version of all files.
   * @example
   * await carillon.translations.commit({ commit_message: "Spanish" });
   */
  async commit(
    options: { commit_message?: string } & CallOptions = {},
  ): Promise<Reply<"managementTranslationCommit">> {
    return call(this.#api, "PATCH", `${this.#path()}commit/`, options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  /**
   * The files of a version.
   * @example
   * const { results } = await carillon.translations.version(1, { include_content: true });
   */
  async version(
    version: number,
    options: { include_content?: boolean; include_version_info?: boolean } & CallOptions = {},
  ): Promise<Reply<"managementTranslationGetVersion">> {
    return call(this.#api, "GET", this.#versionPath(version), options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  /**
   * Makes the files of an earlier version live again, at once, and drops the draft.
   * @example
   * await carillon.translations.rollback(1);
   */
  async rollback(
    version: number,
    options?: CallOptions,
  ): Promise<Reply<"managementTranslationRollbackVersion">> {
    return call(this.#api, "POST", `${this.#versionPath(version)}rollback/`, options, MANAGEMENT);
  }

  #path(): string {
    return managed(this.#api, "translation/");
  }

  #filePath(file: string): string {
    return `${this.#path()}content/${segment("file", file)}/`;
  }

  #versionPath(version: number): string {
    return `${this.#path()}version/${within("version", version, 1, 2 ** 31)}/`;
  }
}
