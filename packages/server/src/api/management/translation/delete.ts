import { defineRoute } from "../../../http/route.ts";
import { deleteFile } from "../../../translations/change-files.ts";
import { fileParams, readFilename } from "./present-translation.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/translation/content/:file/",
  summary: "Delete a file of translations from the draft",
  params: fileParams,
  reply: { status: 204, description: "What is live stays live until the draft is committed." },
  errors: ["validation_error", "not_found"],
  async handle({ params, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace_id: auth.workspace.workspace_id };
    await deleteFile(change, readFilename(params).filename);
  },
});
