import { z } from "zod";
import { microsOffset } from "../../../core/time/wire-time.ts";
import { countRows } from "../../../db/count-rows.ts";
import type { Queryable } from "../../../db/db.ts";
import {
  cursorMeta,
  cursorShape,
  oldestFirst,
  readPage,
  readSlice,
  type Slice,
  toCursor,
} from "../../../http/cursor.ts";
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
    const members =
      params.list_id === ALL_USERS
        ? readEverybody(db, workspace_id)
        : await readMembers(db, workspace_id, params.list_id);
    const cursor = { ...toCursor(query), limit: query.limit ?? DEFAULT_LIMIT };
    const { rows, meta } = await readPage(
      cursor,
      (slice) => members.slice(query.sort === "id" ? oldestFirst(slice) : slice),
      members.count,
    );
    return { meta, results: rows.map((row) => ({ ...row, created_at: microsOffset(row.created_at) })) };
  },
});

interface MemberRow {
  id: string;
  distinct_id: string;
  created_at: Date;
}

interface Members {
  slice: (slice: Slice) => Promise<MemberRow[]>;
  count: () => Promise<number>;
}

async function readMembers(db: Queryable, workspace_id: number, list_id: string): Promise<Members> {
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
  return {
    slice: (slice) => readSlice(rows, "m.id", slice),
    count: () => Promise.resolve(list.subscribers_count),
  };
}

function readEverybody(db: Queryable, workspace_id: number): Members {
  const users = db.kysely
    .selectFrom("recipient")
    .where("object_type", "=", "")
    .where("workspace_id", "=", workspace_id);
  return {
    slice: (slice) => readSlice(users.select(["id", "distinct_id", "created_at"]), "id", slice),
    count: () => countRows(users),
  };
}
