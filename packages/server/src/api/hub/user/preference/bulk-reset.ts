import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { ONE_OBJECT } from "../../present-profile.ts";
import { findUsers } from "../find-users.ts";
import { userIds } from "../user-ids.ts";

const flag = z.boolean("must be true or false").nullish();

const body = z
  .object(
    {
      distinct_ids: userIds,
      reset_channel_preferences: flag.describe("False keeps the global opt-outs."),
      reset_categories: flag.describe("False keeps the choices for categories."),
    },
    ONE_OBJECT,
  )
  .meta({
    description: "Without flags, everything that the users chose in the tenant.",
    example: { distinct_ids: ["ann", "bob"], reset_channel_preferences: true, reset_categories: true },
  });

export default defineRoute({
  method: "PATCH",
  path: "/v1/bulk/user/preference/reset/",
  summary: "Take back what up to 100 users chose, so that the defaults hold",
  query: channelsQuery,
  body,
  reply: {
    status: 202,
    body: z.object({ success: z.literal(true) }),
    description: "Done. Ids without a user are no error.",
  },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ query, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const recipient_ids = await findUsers(db, workspace_id, body.distinct_ids);
    await services.preferences.reset(
      db,
      workspace_id,
      { recipient_ids, tenant_id: query.tenant_id },
      { channels: body.reset_channel_preferences ?? true, categories: body.reset_categories ?? true },
    );
    return { success: true as const };
  },
});
