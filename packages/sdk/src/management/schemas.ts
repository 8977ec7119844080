import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, ItemOf, QueryFor, Reply } from "../wire.ts";
import type { CommitOptions } from "./drafts.ts";

/** JSON Schemas of payloads. Needs a service token. */
export class Schemas {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const schema of carillon.schemas.list({ mode: "live" })) console.log(schema.slug);
   */
  list(query: QueryFor<"managementSchemaList"> & CallOptions = {}): Paged<ItemOf<"managementSchemaList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "schema/"), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { json_schema } = await carillon.schemas.get("order", { mode: "live" });
   */
  async get(
    slug: string,
    options: QueryFor<"managementSchemaGet"> & CallOptions = {},
  ): Promise<Reply<"managementSchemaGet">> {
    return call(this.#api, "GET", this.#path(slug), options, { ...MANAGEMENT, query: queryOf(options) });
  }

  /**
   * Writes the draft, and commits it if asked to.
   * @example
   * const json_schema = { type: "object", required: ["order_id"], properties: { order_id: { type: "string" } } };
   * await carillon.schemas.upsert("order", { name: "Order", json_schema }, { commit: true });
   */
  async upsert(
    slug: string,
    schema: Body<"managementSchemaUpsert">,
    options: CommitOptions = {},
  ): Promise<Reply<"managementSchemaUpsert">> {
    const body = record("schema", schema);
    return call(this.#api, "POST", this.#path(slug), options, {
      ...MANAGEMENT,
      body,
      query: queryOf(options),
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.schemas.commit("order", { commit_message: "first" });
   */
  async commit(
    slug: string,
    options: { commit_message?: string } & CallOptions = {},
  ): Promise<Reply<"managementSchemaCommit">> {
    return call(this.#api, "PATCH", `${this.#path(slug)}commit/`, options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  #path(slug: string): string {
    return managed(this.#api, `schema/${segment("slug", slug)}/`);
  }
}
