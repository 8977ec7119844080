import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionalText, optionsOf, record, segment } from "../core/check.ts";
import { CarillonError } from "../core/errors.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Body, ItemOf, QueryFor, Reply } from "../wire.ts";
import type { DefinedWorkflow } from "../define-workflow.ts";
import type { CommitOptions } from "./drafts.ts";
import { Schemas } from "./schemas.ts";

export type WorkflowView = Reply<"managementWorkflowGet">;

/** Workflows as they are designed: drafts, versions, switches. Needs a service token. */
export class WorkflowAdmin {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const workflow of carillon.workflows.admin.list({ mode: "live" })) console.log(workflow.slug);
   */
  list(
    query: QueryFor<"managementWorkflowList"> & CallOptions = {},
  ): Paged<ItemOf<"managementWorkflowList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, "workflow/"), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { tree } = await carillon.workflows.admin.get("order-confirmed", { mode: "live" });
   */
  async get(
    slug: string,
    options: QueryFor<"managementWorkflowGet"> & CallOptions = {},
  ): Promise<WorkflowView> {
    return call(this.#api, "GET", this.#path(slug), options, { ...MANAGEMENT, query: queryOf(options) });
  }

  /**
   * Writes the draft, and commits it if asked to.
   * @example
   * await carillon.workflows.admin.upsert(
   *   "order-confirmed",
   *   { name: "Order confirmed", category: "transactional", trigger_type: "api", tree: { nodes: [] } },
   *   { commit: true, commit_message: "first" },
   * );
   */
  async upsert(
    slug: string,
    workflow: Body<"managementWorkflowUpsert">,
    options: CommitOptions = {},
  ): Promise<Reply<"managementWorkflowUpsert">> {
    const body = record("workflow", workflow);
    return call(this.#api, "POST", this.#path(slug), options, {
      ...MANAGEMENT,
      body,
      query: queryOf(options),
      repeatable: true,
    });
  }

  /**
   * Puts a workflow that is defined in code live, with the schema of its payload. It may be repeated, on each deployment:
   * what has not changed makes no new version. A workflow that the server finds faults in throws; the draft stays.
   * @example
   * const welcome = defineWorkflow({
   *   slug: "welcome",
   *   name: "Welcome",
   *   category: "transactional",
   *   nodes: [{ node_type: "send_email", name: "Mail", properties: { template: "welcome" } }],
   * });
   * await carillon.workflows.admin.publish(welcome, { commit_message: "shop 1.4" });
   */
  async publish(
    defined: DefinedWorkflow,
    options: { commit_message?: string } & CallOptions = {},
  ): Promise<Reply<"managementWorkflowUpsert">> {
    const { slug, workflow, schema } = record("defined", defined) as unknown as DefinedWorkflow;
    const given = optionsOf(options);
    const commit_message =
      optionalText("commit_message", given.commit_message, 1000) ?? "Published from code";
    const commit = { ...given, commit: true, commit_message };
    if (schema !== null) await new Schemas(this.#api).upsert(slug, schema, commit);
    const published = await this.upsert(slug, workflow, commit);
    // A draft with faults is stored and answered, not refused.
    const { is_valid, errors } = published.validation_result;
    if (is_valid) return published;
    const message = `workflow '${slug}' is stored as a draft and is not live: ${errors.join("; ")}`;
    throw new CarillonError("validation_error", message, { field: "workflow", detail: errors });
  }

  /**
   * Makes the draft the live version.
   * @example
   * await carillon.workflows.admin.commit("order-confirmed", { commit_message: "shorter" });
   */
  async commit(
    slug: string,
    options: { commit_message?: string } & CallOptions = {},
  ): Promise<Reply<"managementWorkflowCommit">> {
    return call(this.#api, "PATCH", `${this.#path(slug)}commit/`, options, {
      ...MANAGEMENT,
      query: queryOf(options),
    });
  }

  /**
   * Switches a workflow on or off.
   * @example
   * await carillon.workflows.admin.enable("order-confirmed", false);
   */
  async enable(
    slug: string,
    isEnabled: boolean,
    options?: CallOptions,
  ): Promise<Reply<"managementWorkflowEnable">> {
    return call(this.#api, "PATCH", `${this.#path(slug)}enable/`, options, {
      ...MANAGEMENT,
      body: { is_enabled: isEnabled },
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.workflows.admin.delete("order-confirmed");
   */
  async delete(slug: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path(slug), options, MANAGEMENT);
  }

  /**
   * What was committed, newest first.
   * @example
   * for await (const version of carillon.workflows.admin.versions("order-confirmed")) console.log(version.version_no);
   */
  versions(
    slug: string,
    query: QueryFor<"managementWorkflowListVersions"> & CallOptions = {},
  ): Paged<ItemOf<"managementWorkflowListVersions">> {
    const path = `${this.#path(slug)}version/`;
    return paged(query, (next) =>
      call(this.#api, "GET", path, query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * @example
   * const { tree } = await carillon.workflows.admin.version("order-confirmed", 1);
   */
  async version(
    slug: string,
    versionNo: number,
    options?: CallOptions,
  ): Promise<Reply<"managementWorkflowGetVersion">> {
    const path = `${this.#path(slug)}version/${segment("versionNo", String(versionNo))}/`;
    return call(this.#api, "GET", path, options, MANAGEMENT);
  }

  /**
   * Makes an earlier version the draft; commit it to make it live.
   * @example
   * await carillon.workflows.admin.rollback("order-confirmed", 1);
   */
  async rollback(
    slug: string,
    versionNo: number,
    options?: CallOptions,
  ): Promise<Reply<"managementWorkflowRollbackVersion">> {
    const path = `${this.#path(slug)}version/${segment("versionNo", String(versionNo))}/rollback/`;
    return call(this.#api, "POST", path, options, { ...MANAGEMENT, repeatable: true });
  }

  #path(slug: string): string {
    return managed(this.#api, `workflow/${segment("slug", slug)}/`);
  }
}
