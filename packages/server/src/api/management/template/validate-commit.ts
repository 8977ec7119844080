import { z } from "zod";
import { commitCheckReply, checkCommit } from "../../../authoring/templates/check-commit.ts";
import { defineRoute } from "../../../http/route.ts";
import { slugParam } from "../params.ts";
import { selectionBody } from "./commit-body.ts";
import { templateSource } from "./template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/pre_commit_validate/",
  summary: "Show what a commit would change, and what would keep it from being made",
  params: z.object(slugParam),
  body: selectionBody,
  reply: { status: 200, body: commitCheckReply, description: "Nothing is committed." },
  errors: ["not_found", "commit_refused"],
  transaction: false,
  handle: (ctx) => checkCommit(templateSource(ctx), ctx.params.slug, ctx.body?.variants ?? null),
});
