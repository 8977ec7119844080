import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { readFiles } from "../../../translations/stored-files.ts";
import { pagingQuery } from "../../paging.ts";
import { modeQuery } from "../query.ts";
import { filesReply, presentFiles } from "./present-translation.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/translation/",
  summary: "List the files of translations, by name",
  query: z.object({
    ...modeQuery,
    ...pagingQuery(10),
    include_content: z.stringbool().default(false),
    include_version_info: z.stringbool().default(false),
  }),
  reply: {
    status: 200,
    body: filesReply,
    description: "A draft has the files that its commit deletes too.",
  },
  async handle({ query, auth, db }) {
    const { workspace_id } = auth.workspace;
    return presentFiles({ db, workspace_id }, await readFiles(db, workspace_id, query.mode), query, query);
  },
});
