import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { presentVendor, vendorReply } from "./present-vendor.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/vendor/",
  summary: "The vendors of a workspace, and which categories they serve first.",
  reply: { status: 200, body: z.object({ results: z.array(vendorReply) }) },
  errors: ["authentication_failed", "not_found"],
  async handle({ auth, db, services }) {
    const vendors = await services.vendors.list(db, auth.workspace.workspace_id);
    return { results: vendors.map((vendor) => presentVendor(vendor, services)) };
  },
});
