import { z } from "zod";
import { listMembers } from "../../../people/members.ts";
import { textFilter } from "../../filter-values.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { definePeopleRoute } from "../surface.ts";
import { memberShape, presentMember } from "./present-member.ts";

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/member/",
  summary: "List members, oldest first",
  query: z.object({ ...pagingQuery(50), search: textFilter.describe("Part of a name or an address.") }),
  reply: { status: 200, body: pageOf(memberShape) },
  errors: ["validation_error"],
  async handle({ query, db, services }) {
    const rows = await listMembers(db, query.search || null, query);
    const results = await Promise.all(rows.map((row) => presentMember(services, row)));
    return toPage(results, rows[0]?.count ?? 0, query);
  },
});
