import { z } from "zod";
import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { deleteApiKey } from "../../../workspaces/keys.ts";
import { apiKeyNotFound } from "./present-api-key.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/ws_api_key/:api_key_id/",
  summary: "Take an API key back",
  params: z.object({ workspace: z.string(), api_key_id: z.string() }),
  reply: {
    status: 204,
    description:
      "The key is no longer accepted; other processes than this one may accept it for ten seconds more.",
  },
  errors: ["not_found"],
  async handle({ params: { api_key_id }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    if (!(await deleteApiKey(db, workspace_id, api_key_id, editorOf(auth)))) throw apiKeyNotFound(api_key_id);
    db.afterCommit(services.workspaces.forget);
  },
});
