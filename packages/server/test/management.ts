import type { Workspace } from "../src/workspaces/workspaces.ts";
import { insertTemplate } from "./authored.ts";
import type { Server } from "./harness.ts";

/** The management API as a client with a service token sees it, in one workspace. */
export type Management = ReturnType<typeof createManagement>;

export function createManagement({ app, services, serviceToken }: Server, workspace: Workspace) {
  const caller =
    (version: "v1" | "v2", folder: string) =>
    async (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: unknown) => {
      const [route = "", query] = path.split("?");
      const place = `${version}/${workspace.slug}/${folder}${route}`.replace(/\/$/, "");
      const answer = await app.inject({
        method,
        url: `/${place}/${query === undefined ? "" : `?${query}`}`,
        headers: { authorization: `ServiceToken ${serviceToken}` },
        ...(payload === undefined
          ? {}
          : { payload: typeof payload === "string" ? payload : JSON.stringify(payload) }),
      });
      return { status: answer.statusCode, body: answer.body === "" ? null : answer.json() };
    };
  const template = caller("v2", "template/");
  return {
    /** `path` follows the workspace, with or without a query; a text payload is sent as it is. */
    call: caller("v1", ""),
    /** The same for templates: `path` begins with the slug of one. */
    template,
    /** Saves drafts over the API, one default variant for each channel, and commits them. */
    commitTemplate: async (slug: string, contents: Record<string, object>) => {
      await template("POST", slug, { name: slug, enabled_channels: Object.keys(contents) });
      for (const [channel, content] of Object.entries(contents)) {
        await template("POST", `${slug}/channel/${channel}/variant/default`, { locale: "en", content });
      }
      return template("PATCH", `${slug}/commit`, {});
    },
    /** Adds a template with some content for each channel; without channels it has a version but no live channel. */
    addTemplate: (slug: string, channels: string[] = ["inbox"]): Promise<void> =>
      insertTemplate(services, workspace.workspace_id, slug, channels),
  };
}
