import { z } from "zod";
import { cursorMeta, pageFrom, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import {
  BROADCAST_ID,
  broadcastFilters,
  broadcastShape,
  presentBroadcast,
  selectBroadcasts,
} from "../../broadcasts.ts";
import { logPagingQuery } from "../../paging.ts";
import { ownQuery } from "../query.ts";
import { refuseEmptySpan } from "./log-query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/broadcast/",
  summary: "Broadcasts, newest first, with their progress and what kept recipients from being reached.",
  query: ownQuery({ ...logPagingQuery(BROADCAST_ID), ...broadcastFilters }).superRefine(refuseEmptySpan),
  reply: { status: 200, body: z.object({ meta: cursorMeta, results: z.array(broadcastShape) }) },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db }) {
    const selected = selectBroadcasts(db, auth.workspace.workspace_id, query);
    const { rows, meta } = await pageFrom(selected, "id", toCursor(query));
    return { meta, results: rows.map(presentBroadcast) };
  },
});
