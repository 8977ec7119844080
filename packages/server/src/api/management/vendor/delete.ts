import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/vendor/:vendor_config_id/",
  summary: "Delete a vendor's settings; the next in its priority lists moves up.",
  params: z.object({ workspace: z.string(), vendor_config_id: z.string() }),
  reply: { status: 204 },
  errors: ["authentication_failed", "not_found"],
  async handle({ params, auth, db, services }) {
    const gone = await services.vendors.remove(db, auth.workspace.workspace_id, params.vendor_config_id);
    if (!gone) throw new AppError("not_found", `vendor configuration '${params.vendor_config_id}' not found`);
    return new RouteReply(204, null);
  },
});
