import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { broadcastShape, getBroadcast } from "../../broadcasts.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/broadcast_run/:execution_id/",
  summary: "One broadcast: how far it is, and why some were not reached",
  params: z.object({ execution_id: z.string() }),
  reply: { status: 200, body: broadcastShape },
  errors: ["not_found"],
  handle: ({ params, auth, db }) => getBroadcast(db, auth.workspace.workspace_id, params.execution_id),
});
