import { z } from "zod";
import { countRows } from "../../../db/count-rows.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { API_KEY_COLUMNS, apiKeyShape, presentApiKey, selectApiKeys } from "./present-api-key.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/ws_api_key/",
  summary: "List API keys, newest first, with those that were deleted",
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: pageOf(apiKeyShape) },
  errors: ["validation_error"],
  async handle({ query, auth, db }) {
    const keys = selectApiKeys(db, auth.workspace.workspace_id);
    const rows = await keys
      .select(API_KEY_COLUMNS)
      .orderBy("id", "desc")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(rows.map(presentApiKey), await countRows(keys), query);
  },
});
