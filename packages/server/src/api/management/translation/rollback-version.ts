import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { rollbackFiles } from "../../../translations/change-files.ts";
import { versionNoParam } from "../params.ts";
import { filesReply, presentFiles, WHOLE } from "./present-translation.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/translation/version/:version_no/rollback/",
  summary: "Make the files of an earlier version of the translations live again",
  params: z.object(versionNoParam),
  reply: {
    status: 200,
    body: filesReply,
    description:
      "Live at once, as a new version; the draft is dropped. Rolling back to what is live makes none.",
  },
  errors: ["validation_error", "not_found"],
  async handle({ params, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace_id: auth.workspace.workspace_id };
    return presentFiles(change, await rollbackFiles(change, params.version_no), WHOLE);
  },
});
