import { countRows } from "../../../db/count-rows.ts";
import { z } from "zod";
import { eventReply, presentEvent, selectEvents } from "../../../authoring/schemas/event-def.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";

const MAX_LIMIT = 100;

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/event/",
  summary: "List events that were defined or seen, the newest first",
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: pageOf(eventReply) },
  async handle({ query, auth, db }) {
    const paging = { ...query, limit: Math.min(query.limit, MAX_LIMIT) };
    const matching = selectEvents({ db, workspace: auth.workspace });
    const count = await countRows(matching);
    const rows = await matching
      .orderBy("created_at", "desc")
      .orderBy("event_name")
      .limit(paging.limit)
      .offset(paging.offset)
      .execute();
    return toPage(rows.map(presentEvent), count, paging);
  },
});
