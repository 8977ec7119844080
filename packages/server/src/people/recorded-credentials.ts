import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Workspace, Workspaces } from "../workspaces/workspaces.ts";
import { recordAudit } from "./audit.ts";

/** Credentials that a command on the server makes or takes back: there is no request, and they are recorded all the same. */
export function recordedCredentials(workspaces: Workspaces, db: Queryable, ids: IdSource): Workspaces {
  const record = (workspace: Workspace | null, action: string, entity: string) =>
    recordAudit(db, ids, {
      workspace_id: workspace?.workspace_id ?? null,
      actor: { kind: "system", id: "command", name: "a command on the server" },
      action,
      entity,
      address: null,
      request_id: null,
    });
  return {
    ...workspaces,
    async createServiceToken(name) {
      const made = await workspaces.createServiceToken(name);
      await record(null, "service_token.generated", `service_token/${made.id}`);
      return made;
    },
    async createApiKey(workspace, name) {
      const made = await workspaces.createApiKey(workspace, name);
      await record(workspace, "api_key.generated", `api_key/${made.id}`);
      return made;
    },
    async createKey(workspace) {
      const made = await workspaces.createKey(workspace);
      await record(workspace, "workspace_key.generated", `workspace_key/${made.ws_key}`);
      return made;
    },
    async revoke(workspace, id) {
      const isRevoked = await workspaces.revoke(workspace, id);
      if (isRevoked) {
        const isToken = id.startsWith("st_");
        const kind = isToken ? "service_token" : id.startsWith("ws_apik_") ? "api_key" : "workspace_key";
        await record(isToken ? null : workspace, `${kind}.deleted`, `${kind}/${id}`);
      }
      return isRevoked;
    },
  };
}
