import { type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionalText, record, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import type { CallOptions } from "../core/transport.ts";
import type { OffsetQuery } from "../wire.ts";
import type { WorkspaceConfig, WorkspaceView } from "../wire-more.ts";

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
  create(
    workspace: { name: string; description?: string },
    options?: CallOptions,
  ): Promise<{ results: WorkspaceView[] }> {
    const body = {
      name: text("name", workspace.name),
      description: optionalText("description", workspace.description, 1000),
    };
    return call(this.#api, "POST", "v1/workspace/", options, { ...MANAGEMENT, body });
  }

  /**
   * @example
   * const { user_tenancy_mode } = await carillon.workspaces.config();
   */
  config(options?: CallOptions): Promise<WorkspaceConfig> {
    return call(this.#api, "GET", managed(this.#api, "config/"), options, MANAGEMENT);
  }

  /**
   * Changes what is given.
   * @example
   * await carillon.workspaces.setConfig({ user_tenancy_mode: "shared" });
   */
  setConfig(changes: Partial<WorkspaceConfig>, options?: CallOptions): Promise<WorkspaceConfig> {
    const body = record("changes", changes);
    return call(this.#api, "PATCH", managed(this.#api, "config/"), options, {
      ...MANAGEMENT,
      body,
      repeatable: true,
    });
  }
}
