import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, Channel, ItemOf, QueryFor, Reply } from "../wire.ts";

export type TemplateView = Reply<"managementTemplateGet">;
export type VariantView = Reply<"managementTemplateVariantGet">;

/** Templates: their content for each channel, language and tenant. Needs a service token. */
export class Templates {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * The last edited first.
   * @example
   * for await (const template of carillon.templates.list()) console.log(template.slug);
   */
  list(
    query: QueryFor<"managementTemplateList"> & CallOptions = {},
  ): Paged<ItemOf<"managementTemplateList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "template/", "v2"), query, {
        ...MANAGEMENT,
        query: queryOf(next),
      }),
    );
  }

  /**
   * @example
   * const { enabled_channels } = await carillon.templates.get("order", { mode: "live" });
   */
  get(slug: string, options: QueryFor<"managementTemplateGet"> & CallOptions = {}): Promise<TemplateView> {
    return call(this.#api, "GET", this.#path(slug), options, { ...MANAGEMENT, query: queryOf(options) });
  }

  /**
   * Creates a template, or changes its draft.
   * @example
   * await carillon.templates.upsert("order", { name: "Order", enabled_channels: ["email", "sms"] });
   */
  upsert(
    slug: string,
    template: Body<"managementTemplateUpsert">,
    options?: CallOptions,
  ): Promise<TemplateView> {
    const body = record("template", template);
    return call(this.#api, "POST", this.#path(slug), options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * @example
   * await carillon.templates.delete("order");
   */
  delete(slug: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path(slug), options, MANAGEMENT);
  }

  /**
   * Makes the draft live: all of it, or the variants given.
   * @example
   * await carillon.templates.commit("order", { commit_message: "first" });
   */
  commit(
    slug: string,
    options: {
      commit_message?: string;
      variants?: { channel: Channel; id: string }[];
    } & CallOptions = {},
  ): Promise<TemplateView> {
    const { variants, ...rest } = options;
    return call(this.#api, "PATCH", `${this.#path(slug)}commit/`, options, {
      ...MANAGEMENT,
      body: variants === undefined ? {} : { variants },
      query: queryOf(rest),
    });
  }

  /**
   * The variants of a template, or of one of its channels, in the order in which they are tried.
   * @example
   * for await (const variant of carillon.templates.variants("order", { channel: "email" })) console.log(variant.id);
   */
  variants(
    slug: string,
    query: QueryFor<"managementTemplateVariantList"> & { channel?: Channel } & CallOptions = {},
  ): Paged<ItemOf<"managementTemplateVariantList">> {
    const { channel } = query;
    const path =
      channel === undefined
        ? `${this.#path(slug)}variant/`
        : `${this.#path(slug)}channel/${segment("channel", channel)}/variant/`;
    return paged(query, ({ channel: _inPath, ...next }) =>
      call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { content } = await carillon.templates.variant("order", "email", "default");
   */
  variant(
    slug: string,
    channel: Channel,
    id: string,
    options: QueryFor<"managementTemplateVariantGet"> & CallOptions = {},
  ): Promise<VariantView> {
    return call(this.#api, "GET", this.#variantPath(slug, channel, id), options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  /**
   * Writes the content of one channel; `default` is what is sent unless another variant fits.
   * @example
   * await carillon.templates.upsertVariant("order", "sms", "default", {
   *   locale: "en", content: { type: "basic", body: "Order {{order_id}}" },
   * });
   */
  upsertVariant(
    slug: string,
    channel: Channel,
    id: string,
    variant: Body<"managementTemplateVariantUpsert">,
    options?: CallOptions,
  ): Promise<VariantView> {
    const body = record("variant", variant);
    return call(this.#api, "POST", this.#variantPath(slug, channel, id), options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.templates.deleteVariant("order", "sms", "spanish");
   */
  deleteVariant(slug: string, channel: Channel, id: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#variantPath(slug, channel, id), options, MANAGEMENT);
  }

  #path(slug: string): string {
    return managed(this.#api, `template/${segment("slug", slug)}/`, "v2");
  }

  #variantPath(slug: string, channel: Channel, id: string): string {
    return `${this.#path(slug)}channel/${segment("channel", channel)}/variant/${segment("id", id)}/`;
  }
}
