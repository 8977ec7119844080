import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { commitFiles } from "../../../translations/change-files.ts";
import { commitMessageQuery } from "../query.ts";
import { filesReply, presentFiles, WHOLE } from "./present-translation.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/translation/commit/",
  summary: "Make the draft of the translations their live version",
  query: z.object(commitMessageQuery),
  reply: {
    status: 202,
    body: filesReply,
    description: "All files of the live version. Where the draft changed nothing, there is no new one.",
  },
  async handle({ query, auth, db, services: { catalog } }) {
    const change = { db, catalog, workspace_id: auth.workspace.workspace_id };
    return presentFiles(change, await commitFiles(change, query.commit_message || null), WHOLE);
  },
});
