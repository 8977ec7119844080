import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { PREFERENCES_EXAMPLE, preferenceParts, replacingAll } from "../../preference/preference-body.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { ONE_OBJECT } from "../../present-profile.ts";
import { findUsers } from "../find-users.ts";
import { userIds } from "../user-ids.ts";

const body = z.object({ distinct_ids: userIds, ...preferenceParts }, ONE_OBJECT).meta({
  description: "The same for every user: all of it, or nothing.",
  example: { distinct_ids: ["ann", "bob"], ...PREFERENCES_EXAMPLE },
});

export default defineRoute({
  method: "PATCH",
  path: "/v1/bulk/user/preference/",
  summary: "Change preferences of up to 100 users",
  query: channelsQuery,
  body,
  reply: {
    status: 202,
    body: z.object({ success: z.literal(true) }),
    description: "Done. Ids without a user are no error.",
  },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ query, body: { distinct_ids, ...edit }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const recipient_ids = await findUsers(db, workspace_id, distinct_ids);
    const who = { recipient_ids, tenant_id: query.tenant_id };
    await services.preferences.setPreferences(db, workspace_id, who, replacingAll(edit));
    return { success: true as const };
  },
});
