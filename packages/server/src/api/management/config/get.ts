import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { configShape, readConfig } from "./workspace-config.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/config/",
  summary: "Read the settings of a workspace",
  params: z.object({ workspace: z.string() }),
  reply: { status: 200, body: configShape },
  handle: ({ auth, db }) => readConfig(db, auth.workspace.workspace_id),
});
