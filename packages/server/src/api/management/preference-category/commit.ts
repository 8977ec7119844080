import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { singleText } from "../../filter-values.ts";
import { committedShape, presentCommitted } from "./present-category-document.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/:workspace/preference_category/commit/",
  summary: "Put the draft of a workspace's categories into effect",
  query: z.object({ commit_message: singleText.min(1, "is a required field") }),
  reply: {
    status: 200,
    body: committedShape,
    description: "The next trigger and the next preference page go by it.",
  },
  errors: ["invalid_request_error", "commit_refused"],
  family: "code_message",
  handle: async ({ query, auth, db, services }) =>
    presentCommitted(
      await services.preferences.commitCategories(db, auth.workspace.workspace_id, query.commit_message),
    ),
});
