import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { broadcastShape, getBroadcast } from "../../broadcasts.ts";
import { ownQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/broadcast/:execution_id/",
  summary: "One broadcast. Its executions, one for each recipient, are those of its request.",
  params: z.object({ workspace: z.string(), execution_id: z.string() }),
  query: ownQuery({}),
  reply: { status: 200, body: broadcastShape },
  errors: ["authentication_failed", "not_found", "validation_error"],
  handle: ({ params, auth, db }) => getBroadcast(db, auth.workspace.workspace_id, params.execution_id),
});
