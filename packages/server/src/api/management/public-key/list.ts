import { z } from "zod";
import { countRows } from "../../../db/count-rows.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { presentPublicKey, publicKeyShape, selectPublicKeys } from "./present-public-key.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/ws_public_key/",
  summary: "List public keys, newest first, with those that were deleted",
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: pageOf(publicKeyShape) },
  errors: ["validation_error"],
  async handle({ query, auth, db }) {
    const keys = selectPublicKeys(db, auth.workspace.workspace_id);
    const rows = await keys
      .selectAll()
      .orderBy("created_at", "desc")
      .orderBy("id", "desc")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(rows.map(presentPublicKey), await countRows(keys), query);
  },
});
