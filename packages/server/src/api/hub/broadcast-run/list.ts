import { z } from "zod";
import { cursorMeta, cursorShape, pageFrom, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { broadcastFilters, broadcastShape, presentBroadcast, selectBroadcasts } from "../../broadcasts.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/broadcast_run/",
  summary: "List broadcasts with their progress, newest first",
  query: z.object({ ...cursorShape, ...broadcastFilters }),
  reply: { status: 200, body: z.object({ meta: cursorMeta, results: z.array(broadcastShape) }) },
  errors: ["invalid_request_error"],
  async handle({ query, auth, db }) {
    const selected = selectBroadcasts(db, auth.workspace.workspace_id, query);
    const { rows, meta } = await pageFrom(selected, "id", toCursor(query));
    return { meta, results: rows.map(presentBroadcast) };
  },
});
