import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { readVersion } from "../../../translations/stored-files.ts";
import { pagingQuery } from "../../paging.ts";
import { versionNoParam } from "../params.ts";
import { filesReply, presentFiles, WHOLE } from "./present-translation.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/translation/version/:version_no/",
  summary: "List the files of a version of the translations, by name",
  params: z.object(versionNoParam),
  query: z.object({
    ...pagingQuery(WHOLE.limit),
    include_content: z.stringbool().default(false),
    include_version_info: z.stringbool().default(false),
  }),
  reply: { status: 200, body: filesReply },
  errors: ["validation_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const version = await readVersion(db, workspace_id, params.version_no);
    return presentFiles({ db, workspace_id }, version, query, query);
  },
});
