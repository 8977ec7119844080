import { countRows } from "../../../db/count-rows.ts";
import { z } from "zod";
import {
  payloadSchemaReply,
  presentPayloadSchema,
  selectPayloadSchemas,
} from "../../../authoring/schemas/payload-schema-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/schema/",
  summary: "List payload schemas, the last edited first",
  query: z.object({ ...modeQuery, ...pagingQuery(10) }),
  reply: {
    status: 200,
    body: pageOf(payloadSchemaReply),
    description: "In mode live, committed schemas only.",
  },
  async handle({ query, auth, db }) {
    let matching = selectPayloadSchemas({ db, workspace_id: auth.workspace.workspace_id });
    if (query.mode === "live") matching = matching.where("s.live_version_no", "is not", null);
    const count = await countRows(matching);
    const rows = await matching
      .orderBy("s.updated_at", "desc")
      .orderBy("s.slug")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    return toPage(
      rows.map((row) => presentPayloadSchema(row, query.mode)),
      count,
      query,
    );
  },
});
