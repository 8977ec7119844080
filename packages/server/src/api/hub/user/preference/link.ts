import { z } from "zod";
import { categoryNotFound } from "../../../../catalog/live-categories.ts";
import { CHANNELS } from "../../../../core/channel.ts";
import { DEFAULT_TENANT } from "../../../../core/profile/effective-profile.ts";
import { microsOffset } from "../../../../core/time/wire-time.ts";
import { defineRoute } from "../../../../http/route.ts";
import { LINK_DAYS, linkExpiry, pageAddress, signLink } from "../../../../preferences/hosted/link.ts";
import { tenantNotFound } from "../../../../preferences/refusals.ts";
import { findIds } from "../../../../recipients/read.ts";
import { recipientKey } from "../../../../recipients/recipient.ts";
import { readNows } from "../../../../workspaces/clock.ts";
import { oneOf } from "../../../filter-values.ts";
import { ONE_OBJECT } from "../../present-profile.ts";
import { userNotFound, userParams } from "../present-user.ts";

const DAY_SECONDS = 86_400;
const MAX_DAYS = 365;
const TTL = `must be a whole number of seconds from 60 to ${MAX_DAYS * DAY_SECONDS}`;

const body = z
  .object(
    {
      tenant_id: z.string("must be a string").nullish().describe("The default tenant if absent."),
      channel: z
        .enum(CHANNELS, oneOf(CHANNELS))
        .nullish()
        .describe("The page shows and changes this channel alone. Absent: all."),
      category: z.string("must be a string").nullish().describe("The category that comes first."),
      ttl: z
        .int(TTL)
        .min(60, TTL)
        .max(MAX_DAYS * DAY_SECONDS, TTL)
        .nullish()
        .describe(`Seconds until it expires; ${LINK_DAYS} days if absent.`),
    },
    ONE_OBJECT,
  )
  .meta({ example: { tenant_id: "acme", channel: "email", category: "newsletter", ttl: 86_400 } });

export default defineRoute({
  method: "POST",
  path: "/v1/user/:distinct_id/preference_link/",
  summary: "Make a link to a user's preference page",
  params: userParams,
  body,
  reply: {
    status: 201,
    body: z.object({
      url: z
        .string()
        .describe("Whoever has it can read and change what the user gets: treat it as a secret."),
      expires_at: z.string(),
    }),
  },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  // Nothing is stored: the link is its own proof.
  transaction: false,
  async handle({ params: { distinct_id }, body, auth: { workspace }, db, services }) {
    const { workspace_id, link_keys } = workspace;
    const key = { object_type: "", distinct_id };
    const recipient_id = (await findIds(db, workspace_id, [key])).get(recipientKey(key));
    if (recipient_id === undefined) throw userNotFound(distinct_id);
    const tenant_id = body.tenant_id || DEFAULT_TENANT;
    const tenant = await services.catalog.findTenant(workspace_id, tenant_id);
    if (tenant === null) throw tenantNotFound(tenant_id);
    const category = body.category || null;
    if (category !== null && (await services.preferences.findCategory(workspace_id, category)) === null) {
      throw categoryNotFound(category);
    }
    const now = (await readNows(db, [workspace_id], await services.engine.clock(db))).get(workspace_id);
    const expires_at = linkExpiry(now ?? new Date(), body.ttl == null ? LINK_DAYS : body.ttl / DAY_SECONDS);
    const link = {
      workspace_id,
      recipient_id,
      tenant_id,
      channel: body.channel ?? null,
      category,
      message_id: null,
      locale: null,
      expires_at,
    };
    const base = tenant.page_base ?? `http://localhost:${services.config.PORT}`;
    return { url: pageAddress(base, signLink(link, link_keys)), expires_at: microsOffset(expires_at) };
  },
});
