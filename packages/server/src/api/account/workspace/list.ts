import { z } from "zod";
import { defineAccountRoute } from "../surface.ts";
import { pagingQuery } from "../../paging.ts";
import { readWorkspaces, workspacePage } from "./present-workspace.ts";

export default defineAccountRoute({
  method: "GET",
  path: "/v1/workspace/",
  summary: "List workspaces, oldest first",
  query: z.object(pagingQuery(10)),
  reply: { status: 200, body: workspacePage },
  errors: ["validation_error"],
  handle: ({ query, auth, db }) => readWorkspaces(db, query, auth.member?.grants),
});
