import { editorOf } from "../../editor.ts";
import { defineRoute } from "../../../http/route.ts";
import { createApiKey } from "../../../workspaces/keys.ts";
import { z } from "zod";
import { newKeyBody } from "../key-fields.ts";
import { API_KEY_COLUMNS, apiKeyShape, presentApiKey, selectApiKeys } from "./present-api-key.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/ws_api_key/",
  summary: "Make an API key",
  body: newKeyBody,
  reply: {
    status: 201,
    body: apiKeyShape.extend({ api_key: z.string() }),
    description: "`api_key` is shown this once: only its hash is stored.",
  },
  errors: ["validation_error", "bad_json"],
  async handle({ body: { name, description }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const key = { name, description: description ?? null };
    const { id, api_key } = await createApiKey(db, workspace_id, key, editorOf(auth), services.ids);
    const row = await selectApiKeys(db, workspace_id)
      .select(API_KEY_COLUMNS)
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return { ...presentApiKey(row), api_key };
  },
});
