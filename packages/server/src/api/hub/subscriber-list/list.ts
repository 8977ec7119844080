import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { readLists } from "../../../lists/stored-lists.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { listShape, presentList } from "./present-list.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/subscriber_list/",
  summary: "List the lists of users, newest first",
  query: z.object(pagingQuery(20)),
  reply: { status: 200, body: pageOf(listShape) },
  errors: ["validation_error"],
  family: "management",
  async handle({ query, auth, db }) {
    const { rows, count } = await readLists(db, auth.workspace.workspace_id, query);
    return toPage(
      rows.map((list) => presentList(list)),
      count,
      query,
    );
  },
});
