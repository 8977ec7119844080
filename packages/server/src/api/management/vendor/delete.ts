import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/vendor/:vendor/",
  summary: "Delete a vendor's settings; the next in its priority lists moves up.",
  params: z.object({
    workspace: z.string(),
    vendor: z.string().describe("The id of a configuration, or its vendor's slug."),
  }),
  reply: { status: 204 },
  errors: ["authentication_failed", "not_found", "conflict"],
  async handle({ params, auth, db, services }) {
    const gone = await services.vendors.remove(db, auth.workspace.workspace_id, params.vendor);
    if (!gone) throw new AppError("not_found", `vendor configuration '${params.vendor}' not found`);
    return new RouteReply(204, null);
  },
});
