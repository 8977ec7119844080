import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { changeConfig, configChanges, configShape, readConfig } from "./workspace-config.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/config/",
  summary: "Change settings of a workspace; those that are not sent stay as they are",
  params: z.object({ workspace: z.string() }),
  body: configChanges,
  reply: {
    status: 200,
    body: configShape,
    description: "All settings. Other processes heed a change within ten seconds.",
  },
  errors: ["validation_error", "bad_json"],
  async handle({ body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    await changeConfig(db, workspace_id, body);
    db.afterCommit(services.workspaces.forget);
    return readConfig(db, workspace_id);
  },
});
