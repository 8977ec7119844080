import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { rotateLinkKey } from "../../../workspaces/link-keys.ts";

const body = z
  .object({
    revoke: z
      .boolean("must be true or false")
      .default(false)
      .describe("Links that were made before are refused. Otherwise they stay valid until they expire."),
  })
  .meta({ example: { revoke: true } });

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/preference_link_key/rotate/",
  summary: "Sign links to preference pages with another key",
  params: z.object({ workspace: z.string() }),
  body: body.optional(),
  reply: {
    status: 200,
    body: z.object({
      link_generation: z.int().describe("Of the key that signs from now on."),
      link_oldest_generation: z.int().describe("Links of earlier keys are refused."),
    }),
    description: "Done. Other processes heed it within ten seconds.",
  },
  errors: ["validation_error", "bad_json"],
  async handle({ body, auth, db, services }) {
    db.afterCommit(services.workspaces.forget);
    return rotateLinkKey(db, auth.workspace.workspace_id, { revoke: body?.revoke ?? false });
  },
});
