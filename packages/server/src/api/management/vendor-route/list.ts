import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { routeReply } from "./route-shape.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/vendor_route/",
  summary: "The priority lists of vendors, by tenant, channel and root category.",
  reply: { status: 200, body: z.object({ results: z.array(routeReply) }) },
  errors: ["authentication_failed", "not_found"],
  async handle({ auth, db, services }) {
    return { results: await services.vendors.routes.list(db, auth.workspace.workspace_id) };
  },
});
