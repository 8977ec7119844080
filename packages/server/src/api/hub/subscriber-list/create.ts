import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { ALL_USERS, MAX_LIST_ID, MAX_LIST_NAME } from "../../../lists/lists.ts";
import { AppError } from "../../../errors.ts";
import type { Db } from "../../../db/db.ts";
import { checkAgainst } from "../../../segments/run-query.ts";
import { findQuery, saveQuery } from "../../../segments/stored-queries.ts";
import { checkingQuery } from "./query-refusal.ts";
import { findList, saveList } from "../../../lists/stored-lists.ts";
import { ILLEGAL_ID } from "../tenant/present-tenant.ts";
import { listNotFound, listShape, presentList } from "./present-list.ts";

const longest = (max: number) => `Ensure this field has no more than ${max} characters.`;

const flag = z.boolean("Must be a valid boolean.").nullish();

const body = z
  .object({
    list_id: z
      .string("Not a valid string.")
      .trim()
      .toLowerCase()
      .min(1, "This field may not be blank.")
      .max(MAX_LIST_ID, longest(MAX_LIST_ID))
      .regex(/^[a-z0-9_-]*$/, ILLEGAL_ID)
      .refine((id) => id !== ALL_USERS, `${ALL_USERS} is kept by the product and cannot be changed`),
    list_name: z.string("Not a valid string.").trim().max(MAX_LIST_NAME, longest(MAX_LIST_NAME)).nullish(),
    list_description: z.string("Not a valid string.").max(2000, longest(2000)).nullish(),
    list_type: z
      .enum(["static_list", "dynamic_list", "query_based"], "Must be static_list or dynamic_list.")
      .transform((type) => (type === "query_based" ? "dynamic_list" : type))
      .nullish()
      .describe("`dynamic_list`: its members are who `query` finds. Stays as it is."),
    query: z
      .string("Not a valid string.")
      .nullish()
      .describe("Of a dynamic list: one SELECT of `distinct_id` from `users` and `events`."),
    is_enabled: flag.describe("Of a dynamic list: whether its members follow the query."),
    track_user_entry: flag.describe(
      "Whether who enters causes `$USER_ENTERED_LIST - <list_id>` in any case.",
    ),
    track_user_exit: flag.describe("Whether who leaves causes `$USER_EXITED_LIST - <list_id>` in any case."),
  })
  .meta({
    description:
      "Absent keys stay as they are. A workflow that uses a list's event gets it without tracking.",
    examples: [
      { list_id: "beta", list_name: "Beta testers", list_description: "Try what is new" },
      {
        list_id: "on-a-plan",
        list_type: "dynamic_list",
        query: "select distinct_id from users where user_properties ->> 'plan' = 'enterprise'",
      },
    ],
  });

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/",
  summary: "Create a list, or change what is sent of one",
  body,
  reply: { status: 201, body: listShape },
  errors: ["validation_error", "bad_json"],
  family: "management",
  transaction: false,
  async handle({ body, auth, services }) {
    const { workspace_id } = auth.workspace;
    const { list_id } = body;
    const { db, ids, engine } = services;
    const query = await readQuery(db, workspace_id, body);
    const settings = {
      list_name: body.list_name || undefined,
      list_description: body.list_description,
      list_type: query === null ? ("static_list" as const) : ("dynamic_list" as const),
      track_user_entry: body.track_user_entry ?? undefined,
      track_user_exit: body.track_user_exit ?? undefined,
    };
    return db.tx(
      async (tx) => {
        await saveList(tx, workspace_id, list_id, settings, ids);
        const list = await findList(tx, workspace_id, list_id);
        if (list === null) throw listNotFound(list_id);
        if (list.list_type !== settings.list_type) throw otherType(list.list_type);
        if (query !== null) {
          await saveQuery(tx, workspace_id, list_id, query, ids);
          await engine.queueRefresh(tx, workspace_id, list_id);
        }
        return presentList(list, await findQuery(tx, workspace_id, list_id));
      },
      { again: true },
    );
  },
});

/** The query of a dynamic list as it will be, checked; null for a static one. Throws an `AppError`. */
async function readQuery(
  db: Db,
  workspace_id: number,
  { list_id, list_type, query, is_enabled }: z.output<typeof body>,
): Promise<{ query_text: string; is_enabled?: boolean | undefined } | null> {
  const list = await findList(db, workspace_id, list_id);
  const known = list === null ? null : await findQuery(db, workspace_id, list_id);
  const type = list?.list_type ?? list_type ?? "static_list";
  if (list_type != null && list_type !== type) throw otherType(type);
  if (type === "static_list") {
    if (query != null) throw wrong("query", "Only a list of the type dynamic_list has a query.");
    return null;
  }
  const query_text = query ?? known?.query_text;
  if (query_text === undefined) throw wrong("query", "This field is required.");
  const checked =
    query == null ? query_text : await checkingQuery(() => checkAgainst(db, workspace_id, query), "query");
  return { query_text: checked, is_enabled: is_enabled ?? undefined };
}

function otherType(type: string): AppError {
  return wrong("list_type", `Must be ${type}: the type of a list stays.`);
}

function wrong(field: string, reason: string): AppError {
  const detail = { [field]: [reason] };
  return new AppError("validation_error", JSON.stringify(detail), { detail });
}
