import type { Workspace } from "../src/workspaces/workspaces.ts";
import type { Server } from "./harness.ts";

/** The management API as a client with a service token sees it, in one workspace. */
export type Management = ReturnType<typeof createManagement>;

export function createManagement({ app, services, serviceToken }: Server, workspace: Workspace) {
  return {
    /** `path` follows the workspace, with or without a query; a text payload is sent as it is. */
    call: async (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: unknown) => {
      const [route = "", query] = path.split("?");
      const answer = await app.inject({
        method,
        url: `/v1/${workspace.slug}/${route}/${query === undefined ? "" : `?${query}`}`,
        headers: { authorization: `ServiceToken ${serviceToken}` },
        ...(payload === undefined
          ? {}
          : { payload: typeof payload === "string" ? payload : JSON.stringify(payload) }),
      });
      return { status: answer.statusCode, body: answer.body === "" ? null : answer.json() };
    },
    /** Adds a template with some content for each channel; without channels it has a version but no live channel. */
    async addTemplate(slug: string, channels: string[] = ["inbox"]): Promise<void> {
      const variants = channels.map((channel) => ({ channel, id: "default" }));
      await services.db.query(
        `with made as (insert into template (workspace_id, slug, name, enabled_channels, live_version_no)
                       values ($1, $2, $2, $3, 1) returning workspace_id, slug)
         insert into template_version (workspace_id, template_slug, version_no, snapshot, hash)
         select workspace_id, slug, 1, $4, '' from made`,
        [workspace.workspace_id, slug, channels, JSON.stringify({ enabled_channels: channels, variants })],
      );
    },
  };
}
