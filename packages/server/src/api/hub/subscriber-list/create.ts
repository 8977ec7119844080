import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { ALL_USERS, MAX_LIST_ID, MAX_LIST_NAME } from "../../../lists/lists.ts";
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
      .literal("static_list", {
        error: "Must be static_list: no other type of list can be made by this call.",
      })
      .nullish(),
    track_user_entry: flag.describe(
      "Whether who enters causes `$USER_ENTERED_LIST - <list_id>` in any case.",
    ),
    track_user_exit: flag.describe("Whether who leaves causes `$USER_EXITED_LIST - <list_id>` in any case."),
  })
  .meta({
    description:
      "Absent keys stay as they are. A workflow that uses a list's event gets it without tracking.",
    example: { list_id: "beta", list_name: "Beta testers", list_description: "Try what is new" },
  });

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/",
  summary: "Create a list, or change what is sent of one",
  body,
  reply: { status: 201, body: listShape },
  errors: ["validation_error", "bad_json"],
  family: "management",
  async handle({ body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { list_id, list_name, list_description, track_user_entry, track_user_exit } = body;
    const settings = {
      list_name: list_name || undefined,
      list_description,
      track_user_entry: track_user_entry ?? undefined,
      track_user_exit: track_user_exit ?? undefined,
    };
    await saveList(db, workspace_id, list_id, settings, services.ids);
    const list = await findList(db, workspace_id, list_id);
    if (list === null) throw listNotFound(list_id);
    return presentList(list);
  },
});
