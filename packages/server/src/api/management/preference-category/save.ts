import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { categoryDocumentSchema } from "../../../preferences/category-document.ts";
import { commitMessageQuery } from "../query.ts";
import { committedShape, DOCUMENT_EXAMPLE, presentCommitted } from "./present-category-document.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/preference_category/",
  summary: "Replace the draft of a workspace's categories, and commit it where `commit` says so",
  query: z.object({ commit: z.stringbool().default(false), ...commitMessageQuery }),
  body: categoryDocumentSchema.meta({
    description: "The whole document: a category that is not in it is gone once it is committed.",
    example: DOCUMENT_EXAMPLE,
  }),
  reply: {
    status: 200,
    body: committedShape,
    description: "A document with errors stays a draft, also where `commit` is true.",
  },
  errors: ["invalid_request_error", "bad_json"],
  family: "code_message",
  async handle({ query, body, auth, db, services }) {
    const message = query.commit_message || null;
    if (query.commit && message === null) {
      const detail = { commit_message: "is a required field" };
      throw new AppError("invalid_request_error", JSON.stringify(detail), { detail });
    }
    const { workspace_id } = auth.workspace;
    const commit = query.commit ? { message } : null;
    return presentCommitted(await services.preferences.saveCategories(db, workspace_id, body, commit));
  },
});
