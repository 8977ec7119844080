import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionalText, record, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { OffsetQuery, Reply, WorkspaceView } from "../wire.ts";

export type WorkspaceConfig = Reply<"managementConfigGet">;

/** Workspaces of the server, and how the client's one is set up. Needs a service token. */
export class Workspaces {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * for await (const workspace of carillon.workspaces.list()) console.log(workspace.slug, workspace.mode);
   */
  list(query: OffsetQuery & CallOptions = {}): Paged<WorkspaceView> {
    return paged(query, (next) =>
      call(this.#api, "GET", "v1/workspace/", query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  /**
   * A sandbox, whose slug is made of its name; replies with the list.
   * @example
   * const { results } = await carillon.workspaces.create({ name: "Load tests" });
   */
  async create(
    workspace: { name: string; description?: string },
    options?: CallOptions,
  ): Promise<Reply<"accountWorkspaceCreate">> {
    const { name, description } = record("workspace", workspace);
    const body = {
      name: text("name", name),
      description: optionalText("description", description, 1000),
    };
    return call(this.#api, "POST", "v1/workspace/", options, { ...MANAGEMENT, body });
  }

  /**
   * @example
   * const { user_tenancy_mode } = await carillon.workspaces.config();
   */
  async config(options?: CallOptions): Promise<WorkspaceConfig> {
    return call(this.#api, "GET", managed(this.#api, "config/"), options, MANAGEMENT);
  }

  /**
   * Changes what is given.
   * @example
   * await carillon.workspaces.setConfig({ user_tenancy_mode: "shared" });
   */
  async setConfig(changes: Partial<WorkspaceConfig>, options?: CallOptions): Promise<WorkspaceConfig> {
    const body = record("changes", changes);
    return call(this.#api, "PATCH", managed(this.#api, "config/"), options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }
}
