import { z } from "zod";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { channelName, listedVendor, rootCategory, routeReply } from "./route-shape.ts";

/** More vendors than any list can use; each is tried at most once. */
const MAX_VENDORS = 20;

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/vendor_route/:channel/:category/",
  summary: "Set the order in which the vendors of a channel and root category are tried.",
  params: z.object({ workspace: z.string(), channel: channelName, category: rootCategory }),
  body: z.object({
    tenant_id: z
      .string()
      .default(DEFAULT_TENANT)
      .describe("A tenant with a list of its own uses no other; an empty list takes it back."),
    vendors: z
      .array(listedVendor)
      .max(MAX_VENDORS)
      .meta({ examples: [[{ id: "01JDABCDEFGHJKMNPQRSTVWXYZ", fallback_seconds: 30 }]] }),
  }),
  reply: { status: 200, body: routeReply },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ params: { channel, category }, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { tenant_id, vendors } = body;
    if ((await services.catalog.findTenant(workspace_id, tenant_id)) === null) {
      throw new AppError("not_found", `No tenant found for tenant_id ${tenant_id}`);
    }
    const route = { tenant_id, channel, category, vendors };
    await services.vendors.routes.set(db, workspace_id, route);
    return route;
  },
});
