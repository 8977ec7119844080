import { z } from "zod";
import { microsOffset } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { type Cursor, cursorMeta, cursorShape, pageFrom, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { ALL_USERS } from "../../../lists/lists.ts";
import { choiceFilter } from "../../filter-values.ts";
import { listNotFound, listParams } from "./present-list.ts";

const DEFAULT_LIMIT = 20;

const memberShape = z.object({ id: z.string(), distinct_id: z.string(), created_at: z.string() });

export default defineRoute({
  method: "GET",
  path: "/v1/subscriber_list/:list_id/subscriber/",
  summary: "List the users in a list, who entered last first",
  params: listParams,
  query: z.object({
    ...cursorShape,
    limit: cursorShape.limit.describe(`Rows in a page: 1 to 1000, ${DEFAULT_LIMIT} if absent.`),
    sort: choiceFilter(["-id", "id"]).describe("`id`: who entered first, first."),
  }),
  reply: { status: 200, body: z.object({ meta: cursorMeta, results: z.array(memberShape) }) },
  errors: ["validation_error", "not_found"],
  family: "management",
  async handle({ params, query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const cursor = { ...toCursor(query), limit: query.limit ?? DEFAULT_LIMIT };
    const read = params.list_id === ALL_USERS ? readEverybody : readMembers;
    const is_oldest_first = query.sort === "id";
    const { rows, meta } = await read({ db, workspace_id, list_id: params.list_id, cursor, is_oldest_first });
    return { meta, results: rows.map((row) => ({ ...row, created_at: microsOffset(row.created_at) })) };
  },
});

interface Asked {
  db: Queryable;
  workspace_id: number;
  list_id: string;
  cursor: Cursor;
  is_oldest_first: boolean;
}

async function readMembers({ db, workspace_id, list_id, cursor, is_oldest_first }: Asked) {
  const list = await db.kysely
    .selectFrom("list as l")
    .innerJoin("list_version as v", (join) =>
      join.onRef("v.workspace_id", "=", "l.workspace_id").onRef("v.version_id", "=", "l.version_id"),
    )
    .select(["l.version_id", "v.subscribers_count"])
    .where("l.workspace_id", "=", workspace_id)
    .where("l.list_id", "=", list_id)
    .executeTakeFirst();
  if (list === undefined) throw listNotFound(list_id);
  const rows = db.kysely
    .selectFrom("list_member as m")
    .innerJoin("recipient as r", (join) =>
      join.onRef("r.workspace_id", "=", "m.workspace_id").onRef("r.id", "=", "m.recipient_id"),
    )
    .select(["m.id", "r.distinct_id", "m.created_at"])
    .where("m.version_id", "=", list.version_id)
    .where("m.workspace_id", "=", workspace_id);
  const count = () => Promise.resolve(list.subscribers_count);
  return pageFrom(rows, "m.id", cursor, { count, is_oldest_first });
}

async function readEverybody({ db, workspace_id, cursor, is_oldest_first }: Asked) {
  const users = db.kysely
    .selectFrom("recipient")
    .select(["id", "distinct_id", "created_at"])
    .where("object_type", "=", "")
    .where("workspace_id", "=", workspace_id);
  return pageFrom(users, "id", cursor, { is_oldest_first });
}
