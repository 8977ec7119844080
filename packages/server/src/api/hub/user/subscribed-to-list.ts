import { z } from "zod";
import { microsOffset } from "../../../core/time/wire-time.ts";
import { cursorMeta, cursorShape, pageFrom, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { findId } from "../../../recipients/read.ts";
import { listedUserNotFound, userParams } from "./present-user.ts";

const listShape = z.object({
  list_id: z.string(),
  list_name: z.string(),
  list_description: z.string().nullable(),
  list_type: z.string(),
  source: z.string().nullable(),
  subscribers_count: z.int(),
  updated_at: z.string(),
});

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/subscribed_to/list/",
  summary: "List the lists that a user is in, the one entered last first",
  params: userParams,
  query: z.object(cursorShape),
  reply: {
    status: 200,
    body: z.object({
      meta: cursorMeta,
      results: z.array(z.object({ list: listShape, created_at: z.string() })),
    }),
    description: "Without `all_users`, which everybody is in.",
  },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const { distinct_id } = params;
    const recipient_id = await findId(db, workspace_id, { object_type: "", distinct_id });
    if (recipient_id === null) throw listedUserNotFound(distinct_id);
    const memberships = db.kysely
      .selectFrom("list_member as m")
      .innerJoin("list_version as v", (join) =>
        join.onRef("v.workspace_id", "=", "m.workspace_id").onRef("v.version_id", "=", "m.version_id"),
      )
      .innerJoin("list as l", (join) =>
        join.onRef("l.workspace_id", "=", "v.workspace_id").onRef("l.list_id", "=", "v.list_id"),
      )
      .where("m.recipient_id", "=", recipient_id)
      .where("m.workspace_id", "=", workspace_id)
      .where("v.state", "=", "live");
    const rows = memberships.select((eb) => [
      "m.id",
      "m.created_at",
      "l.list_id",
      "l.list_name",
      "l.list_description",
      "l.list_type",
      "v.subscribers_count",
      eb.fn<Date>("greatest", ["l.updated_at", "v.updated_at"]).as("updated_at"),
    ]);
    const page = await pageFrom(rows, "m.id", toCursor(query));
    const results = page.rows.map(({ id: _id, created_at, updated_at, ...list }) => ({
      list: { ...list, source: null, updated_at: microsOffset(updated_at) },
      created_at: microsOffset(created_at),
    }));
    return { meta: page.meta, results };
  },
});
