import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { getFile } from "../../../translations/stored-files.ts";
import { modeQuery } from "../query.ts";
import {
  fileParams,
  fileWithContentReply,
  presentFileWithContent,
  readFilename,
} from "./present-translation.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/translation/content/:file/",
  summary: "Get a file of translations with its content",
  params: fileParams,
  query: z.object(modeQuery),
  reply: {
    status: 200,
    body: fileWithContentReply,
    description: "A file that the draft deletes, with what is live.",
  },
  errors: ["validation_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const { filename } = readFilename(params);
    return presentFileWithContent(await getFile(db, auth.workspace.workspace_id, filename, query.mode));
  },
});
