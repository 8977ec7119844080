import { z } from "zod";
import { microsOffset } from "../../../core/time/wire-time.ts";
import { AppError } from "../../../errors.ts";
import { cursorShape } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import {
  findHolder,
  type Place,
  readHeld,
  readHeldPreferences,
  SECTION_NAMES,
} from "../../../privacy/held.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import { presentUser, userNotFound, userParams, userShape } from "./present-user.ts";

const DEFAULT_LIMIT = 100;

const rows = (description: string) => z.array(z.record(z.string(), z.unknown())).describe(description);

const held = z.object({
  distinct_id: z.string(),
  exported_at: z.string(),
  merged_users: z
    .array(z.string())
    .describe("Users whom this one has taken over: what they had is included."),
  user: userShape.nullable().describe("Profile and identities. Null on pages after the first."),
  preferences: z
    .object({
      categories: rows("Choices for categories."),
      channels: rows("Channels that were turned off."),
      changes: rows("What was changed on the preference page, or by a mail program's unsubscribe button."),
    })
    .describe("In all tenants. Empty on pages after the first."),
  tenants: rows("Profiles in tenants."),
  lists: rows("Lists that the user is in."),
  subscriptions: rows("Objects that the user subscribes to."),
  inbox: rows("Items of the inbox."),
  executions: rows("Runs of workflows for the user, with their payload and their log."),
  messages: rows("Messages with their content and their events."),
  events: rows("Tracked events of the user."),
  meta: z.object({ limit: z.int(), has_next: z.boolean(), after: z.string().nullable() }),
});

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/export/",
  summary: "Export everything that is held about a user",
  params: userParams,
  query: z.object({
    limit: cursorShape.limit.describe("Rows in a page, over all lists: 1 to 1000, 100 if absent."),
    after: cursorShape.after,
  }),
  reply: {
    status: 200,
    body: held,
    description:
      "One document. Where it is cut into pages, put their lists together: each row is on one page, oldest first in its list.",
  },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db, services }) {
    const { workspace } = auth;
    const { distinct_id } = params;
    const place = readPlace(query.after);
    const limit = query.limit ?? DEFAULT_LIMIT;
    const holder = await findHolder(db, workspace.workspace_id, distinct_id);
    if (holder === null) throw userNotFound(distinct_id);
    const { sections, next } = await readHeld(db, holder, place, limit);
    const key = { object_type: "", distinct_id };
    const isFirst = place === null;
    const users = isFirst ? await services.recipients.load(db, workspace.workspace_id, [key]) : new Map();
    const user = users.get(recipientKey(key));
    return {
      distinct_id,
      exported_at: microsOffset(new Date()),
      merged_users: holder.names.filter((name) => name !== distinct_id),
      user: user === undefined ? null : presentUser(user, workspace),
      preferences: isFirst
        ? await readHeldPreferences(db, holder)
        : { categories: [], channels: [], changes: [] },
      ...sections,
      meta: {
        limit,
        has_next: next !== null,
        after: next === null ? null : `${next.section}.${next.after}`,
      },
    };
  },
});

/** A section and the id of a row, empty before its first one. */
const PLACE = new RegExp(`^(${SECTION_NAMES.join("|")})\\.([0-9A-Za-z-]{0,64})$`);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function readPlace(after: string | undefined): Place | null {
  if (after === undefined || after === "") return null;
  const [, name, id = ""] = PLACE.exec(after) ?? [];
  const section = SECTION_NAMES.find((one) => one === name);
  if (section === undefined || (section === "events" && id !== "" && !UUID.test(id))) {
    throw new AppError("invalid_request_error", "after: must be `meta.after` of the page before");
  }
  return { section, after: id };
}
