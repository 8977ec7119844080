import { z } from "zod";
import { lockAnyTemplate } from "../../../authoring/templates/template-change.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v2/:workspace/template/:slug/",
  summary: "Delete a template with all its variants and versions",
  params: z.object(slugParam),
  reply: { status: 204, description: "Workflows that send it fail at that node." },
  errors: ["not_found"],
  async handle({ params: { slug }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    await lockAnyTemplate({ db, workspace_id }, slug);
    await db.kysely
      .deleteFrom("template")
      .where("workspace_id", "=", workspace_id)
      .where("slug", "=", slug)
      .execute();
    await services.catalog.invalidate(db, workspace_id, "template", slug);
  },
});
