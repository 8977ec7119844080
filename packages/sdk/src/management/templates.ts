import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionsOf, record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, Channel, ItemOf, QueryFor, Reply } from "../wire.ts";

export type TemplateView = Reply<"managementTemplateGet">;
export type VariantView = Reply<"managementTemplateVariantGet">;

export interface VariantKey {
  channel: Channel;
  id: string;
}

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
  async get(
    slug: string,
    options: QueryFor<"managementTemplateGet"> & CallOptions = {},
  ): Promise<TemplateView> {
    return call(this.#api, "GET", this.#path(slug), options, { ...MANAGEMENT, query: queryOf(options) });
  }

  /**
   * Creates a template, or changes its draft.
   * @example
   * await carillon.templates.upsert("order", { name: "Order", enabled_channels: ["email", "sms"] });
   */
  async upsert(
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
  async delete(slug: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path(slug), options, MANAGEMENT);
  }

  /**
   * Makes the draft live: all of it, or the variants given.
   * @example
   * await carillon.templates.commit("order", { commit_message: "first" });
   */
  async commit(
    slug: string,
    options: {
      commit_message?: string;
      variants?: VariantKey[];
    } & CallOptions = {},
  ): Promise<TemplateView> {
    const { variants, ...rest } = optionsOf(options);
    return call(this.#api, "PATCH", `${this.#path(slug)}commit/`, options, {
      ...MANAGEMENT,
      body: variants === undefined ? {} : { variants },
      query: queryOf(rest),
    });
  }

  /**
   * What a commit would change, and what keeps it from being made.
   * @example
   * const { has_changes, variants } = await carillon.templates.checkCommit("order");
   * const sound = variants.filter(({ errors }) => Object.keys(errors).length === 0);
   * if (has_changes) await carillon.templates.commit("order", { variants: sound });
   */
  async checkCommit(
    slug: string,
    options: { variants?: VariantKey[] } & CallOptions = {},
  ): Promise<Reply<"managementTemplateValidateCommit">> {
    const { variants } = optionsOf(options);
    return call(this.#api, "POST", `${this.#path(slug)}pre_commit_validate/`, options, {
      ...MANAGEMENT,
      body: variants === undefined ? {} : { variants },
      repeatable: true,
    });
  }

  /**
   * Takes a template out of use for good: it can be read and cloned.
   * @example
   * await carillon.templates.archive("order");
   */
  async archive(slug: string, options?: CallOptions): Promise<TemplateView> {
    return call(this.#api, "POST", `${this.#path(slug)}archive/`, options, {
      ...MANAGEMENT,
      repeatable: true,
    });
  }

  /**
   * Copies a draft with its variants and mock data, into another workspace if one is named.
   * @example
   * await carillon.templates.clone("order", { slug: "order", workspace: "production" });
   */
  async clone(
    slug: string,
    copy: Body<"managementTemplateClone">,
    options?: CallOptions,
  ): Promise<TemplateView> {
    const body = record("copy", copy);
    return call(this.#api, "POST", `${this.#path(slug)}clone/`, options, { ...MANAGEMENT, body });
  }

  /**
   * What was committed, newest first.
   * @example
   * for await (const version of carillon.templates.versions("order")) console.log(version.version_no, version.is_live);
   */
  versions(
    slug: string,
    query: QueryFor<"managementTemplateVersionList"> & CallOptions = {},
  ): Paged<ItemOf<"managementTemplateVersionList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${this.#path(slug)}version/`, query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { name, commit_message } = await carillon.templates.version("order", 1);
   */
  async version(
    slug: string,
    versionNo: number,
    options?: CallOptions,
  ): Promise<Reply<"managementTemplateVersionGet">> {
    return call(this.#api, "GET", this.#versionPath(slug, versionNo), options, MANAGEMENT);
  }

  /**
   * The variants of a template, or of one of its channels, as they were committed.
   * @example
   * for await (const variant of carillon.templates.versionVariants("order", 1)) console.log(variant.id, variant.action);
   */
  versionVariants(
    slug: string,
    versionNo: number,
    query: QueryFor<"managementTemplateVersionListVariants"> & { channel?: Channel } & CallOptions = {},
  ): Paged<ItemOf<"managementTemplateVersionListVariants">> {
    return this.#variants(this.#versionPath(slug, versionNo), query);
  }

  /**
   * @example
   * const { content } = await carillon.templates.versionVariant("order", 1, "email", "default");
   */
  async versionVariant(
    slug: string,
    versionNo: number,
    channel: Channel,
    id: string,
    options?: CallOptions,
  ): Promise<VariantView> {
    const path = variantIn(this.#versionPath(slug, versionNo), channel, id);
    return call(this.#api, "GET", path, options, MANAGEMENT);
  }

  /**
   * Makes a version that was committed the live one, at once. The draft stays.
   * @example
   * await carillon.templates.rollback("order", 1);
   */
  async rollback(slug: string, versionNo: number, options?: CallOptions): Promise<TemplateView> {
    return call(this.#api, "POST", `${this.#versionPath(slug, versionNo)}rollback/`, options, {
      ...MANAGEMENT,
      repeatable: true,
    });
  }

  /**
   * The data with which a template is previewed and tested, and what templates see of it.
   * @example
   * const { data, transformed_data } = await carillon.templates.mockData("order");
   */
  async mockData(slug: string, options?: CallOptions): Promise<Reply<"managementTemplateMockDataGet">> {
    return call(this.#api, "GET", `${this.#path(slug)}mock_data/`, options, MANAGEMENT);
  }

  /**
   * Changes the fields that are given.
   * @example
   * await carillon.templates.editMockData("order", {
   *   payload: { order_id: "A-1001" }, recipient_distinct_id: "ada",
   * });
   */
  async editMockData(
    slug: string,
    data: Omit<Body<"managementTemplateMockDataEdit">, "data">,
    options?: CallOptions,
  ): Promise<Reply<"managementTemplateMockDataEdit">> {
    const body = record("data", data);
    return call(this.#api, "PATCH", `${this.#path(slug)}mock_data/`, options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }

  /**
   * The order in which the variants of each channel and tenant are tried.
   * @example
   * const { channels } = await carillon.templates.order("order", { mode: "live" });
   */
  async order(
    slug: string,
    options: QueryFor<"managementTemplateVariantGetOrder"> & CallOptions = {},
  ): Promise<Reply<"managementTemplateVariantGetOrder">> {
    return call(this.#api, "GET", `${this.#path(slug)}variant/order/`, options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  /**
   * Variants that are not named follow those that are.
   * @example
   * await carillon.templates.setOrder("order", {
   *   channels: [{ channel: "email", tenants: [{ tenant_id: null, variants: ["pro", "default"] }] }],
   * });
   */
  async setOrder(
    slug: string,
    order: Body<"managementTemplateVariantSetOrder">,
    options?: CallOptions,
  ): Promise<Reply<"managementTemplateVariantSetOrder">> {
    const body = record("order", order);
    return call(this.#api, "POST", `${this.#path(slug)}variant/order/`, options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
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
    return this.#variants(this.#path(slug), query);
  }

  /**
   * @example
   * const { content } = await carillon.templates.variant("order", "email", "default");
   */
  async variant(
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
  async upsertVariant(
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
   * Changes a part of a draft's content: objects are merged at every depth.
   * @example
   * await carillon.templates.editContent("order", "email", "default", { subject: "Order {{order_id}}" });
   */
  async editContent(
    slug: string,
    channel: Channel,
    id: string,
    content: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<VariantView> {
    const body = { content: record("content", content) };
    const path = `${this.#variantPath(slug, channel, id)}content/`;
    return call(this.#api, "PATCH", path, options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * Renders a variant with the template's mock data, or with other data: its content, or what is wrong with which field.
   * @example
   * const { content, errors } = await carillon.templates.preview("order", "email", "default", {
   *   mock_data: { payload: { order_id: "A-1001" } },
   * });
   */
  async preview(
    slug: string,
    channel: Channel,
    id: string,
    given: Body<"managementTemplateVariantPreview"> = {},
    options: QueryFor<"managementTemplateVariantPreview"> & CallOptions = {},
  ): Promise<Reply<"managementTemplateVariantPreview">> {
    const body = record("given", given);
    return call(this.#api, "POST", `${this.#variantPath(slug, channel, id)}preview/`, options, {
      ...MANAGEMENT,
      body,
      query: queryOf(options),
      repeatable: true,
    });
  }

  /**
   * Sends a variant for real, to try it: what is live, unless the draft is asked for.
   * @example
   * const { messages } = await carillon.templates.sendTest("order", "email", "default", {
   *   identities: [{ identity_type: "email", value: "ada@example.com" }],
   * });
   */
  async sendTest(
    slug: string,
    channel: Channel,
    id: string,
    to: Body<"managementTemplateVariantSendTest"> = {},
    options: QueryFor<"managementTemplateVariantSendTest"> & CallOptions = {},
  ): Promise<Reply<"managementTemplateVariantSendTest">> {
    const body = record("to", to);
    return call(this.#api, "POST", `${this.#variantPath(slug, channel, id)}mock_test/`, options, {
      ...MANAGEMENT,
      body,
      query: queryOf(options),
    });
  }

  /**
   * Sends a template for real: on each channel the variant that the recipient would get.
   * @example
   * const { messages } = await carillon.templates.test("order", { distinct_id: "ada", channels: ["email", "inbox"] });
   */
  async test(
    slug: string,
    to: Body<"managementTemplateSendTest"> = {},
    options: QueryFor<"managementTemplateSendTest"> & CallOptions = {},
  ): Promise<Reply<"managementTemplateSendTest">> {
    const body = record("to", to);
    return call(this.#api, "POST", `${this.#path(slug)}mock_test/`, options, {
      ...MANAGEMENT,
      body,
      query: queryOf(options),
    });
  }

  /**
   * Records what a vendor says of live content that needs approval; once approved, it is sent.
   * @example
   * await carillon.templates.recordApproval("order", "whatsapp", "default", {
   *   vendor_slug: "whatsapp_cloud_api-whatsapp", vendor_uid: "waba-123221", vendor_template_id: "1232", approval_status: "approved",
   * });
   */
  async recordApproval(
    slug: string,
    channel: "whatsapp" | "sms",
    id: string,
    approval: Body<"managementTemplateVariantRecordApproval">,
    options?: CallOptions,
  ): Promise<VariantView> {
    const body = record("approval", approval);
    const path = `${this.#variantPath(slug, channel, id)}vendor_approval/`;
    return call(this.#api, "PATCH", path, options, { ...MANAGEMENT, body, repeatable: true });
  }

  /**
   * Withdraws live content that waits for approval; the next commit submits it again.
   * @example
   * await carillon.templates.discard("order", "whatsapp", "default", "the price is wrong");
   */
  async discard(
    slug: string,
    channel: "whatsapp" | "sms",
    id: string,
    comment: string,
    options?: CallOptions,
  ): Promise<Reply<"managementTemplateVariantDiscard">> {
    const path = `${this.#variantPath(slug, channel, id)}discard/`;
    return call(this.#api, "PATCH", path, options, { ...MANAGEMENT, body: { comment } });
  }

  /**
   * @example
   * await carillon.templates.deleteVariant("order", "sms", "spanish");
   */
  async deleteVariant(slug: string, channel: Channel, id: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#variantPath(slug, channel, id), options, MANAGEMENT);
  }

  #path(slug: string): string {
    return managed(this.#api, `template/${segment("slug", slug)}/`, "v2");
  }

  #versionPath(slug: string, versionNo: number): string {
    return `${this.#path(slug)}version/${segment("versionNo", String(versionNo))}/`;
  }

  #variantPath(slug: string, channel: Channel, id: string): string {
    return variantIn(this.#path(slug), channel, id);
  }

  #variants(
    place: string,
    query: QueryFor<"managementTemplateVariantList"> & { channel?: Channel } & CallOptions,
  ): Paged<ItemOf<"managementTemplateVariantList">> {
    const { channel } = optionsOf(query);
    const path =
      channel === undefined ? `${place}variant/` : `${place}channel/${segment("channel", channel)}/variant/`;
    return paged(query, ({ channel: _inPath, ...next }) =>
      call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }
}

function variantIn(place: string, channel: Channel, id: string): string {
  return `${place}channel/${segment("channel", channel)}/variant/${segment("id", id)}/`;
}
