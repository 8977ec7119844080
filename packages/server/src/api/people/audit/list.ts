import { auditQuery, auditReply, readAuditPage } from "./audit-log.ts";
import { definePeopleRoute } from "../surface.ts";

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/audit/",
  summary: "Who changed what in all workspaces and above them, and who signed in, newest first",
  query: auditQuery,
  reply: { status: 200, body: auditReply },
  errors: ["validation_error"],
  handle: ({ query, db }) => readAuditPage(db, null, query),
});
