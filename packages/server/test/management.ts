import type { Workspace } from "../src/workspaces/workspaces.ts";
import { insertTemplate } from "./authored.ts";
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
    addTemplate: (slug: string, channels: string[] = ["inbox"]): Promise<void> =>
      insertTemplate(services, workspace.workspace_id, slug, channels),
  };
}
