import { defineRoute } from "../../../http/route.ts";
import { auditQuery, auditReply, readAuditPage } from "../../people/audit/audit-log.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/audit/",
  summary: "Who changed what in the workspace, newest first.",
  query: auditQuery,
  reply: { status: 200, body: auditReply },
  errors: ["authentication_failed", "not_found", "validation_error"],
  handle: ({ query, auth, db }) => readAuditPage(db, auth.workspace.workspace_id, query),
});
