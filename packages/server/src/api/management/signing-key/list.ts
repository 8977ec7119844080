import { z } from "zod";
import { countRows } from "../../../db/count-rows.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { presentSigningKey, selectSigningKeys, signingKeyShape } from "./present-signing-key.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/ws_signing_key/",
  summary: "List signing keys, newest first, with those that were rolled or deleted",
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: pageOf(signingKeyShape) },
  errors: ["validation_error"],
  async handle({ query, auth, db }) {
    const keys = selectSigningKeys(db, auth.workspace.workspace_id);
    const rows = await keys
      .selectAll()
      .orderBy("uid", "desc")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(rows.map(presentSigningKey), await countRows(keys), query);
  },
});
