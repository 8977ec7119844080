import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { readCategories } from "../../../preferences/category-draft.ts";
import { requiredModeQuery } from "../query.ts";
import { documentShape, presentDocument } from "./present-category-document.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/preference_category/",
  summary: "Get the categories of a workspace, the live ones or the draft",
  query: z.object(requiredModeQuery),
  reply: {
    status: 200,
    body: documentShape,
    description: "In mode draft, the live document where there is no draft.",
  },
  errors: ["invalid_request_error"],
  family: "code_message",
  handle: async ({ query, auth, db }) =>
    presentDocument(await readCategories(db, auth.workspace.workspace_id, query.mode)),
});
