import { z } from "zod";
import { microsZ } from "../../../core/time/wire-time.ts";
import { defineRoute } from "../../../http/route.ts";
import {
  type FailureGroup,
  failureQuery,
  groupMessages,
  groupRequests,
  groupRuns,
  toFilter,
} from "./failures.ts";

const group = z.object({
  error: z
    .string()
    .describe("Without what differs from case to case. The filter of this name takes it word for word."),
  count: z.int(),
  redrivable: z.int().describe("How many a redrive takes, unless something else stands in the way."),
  workflows: z.array(z.string()),
  sample_ids: z.array(z.string()).describe("The newest."),
  first_at: z.string(),
  last_at: z.string(),
});

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/redrive/",
  summary: "Requests, executions and messages that failed, grouped by error, the largest group first.",
  params: z.object({ workspace: z.string() }),
  query: failureQuery,
  reply: {
    status: 200,
    body: z.object({
      requests: z
        .array(group)
        .describe("Accepted, and come to no execution. `workflows` may name the event."),
      executions: z.array(group),
      messages: z.array(group.extend({ channel: z.string(), failure_class: z.string().nullable() })),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const filter = toFilter(query);
    const requests = await groupRequests(db, workspace_id, filter);
    const executions = await groupRuns(db, workspace_id, filter);
    const messages = await groupMessages(db, workspace_id, filter);
    return {
      requests: requests.map(presentFailureGroup),
      executions: executions.map(presentFailureGroup),
      messages: messages.map(presentFailureGroup),
    };
  },
});

function presentFailureGroup<Group extends FailureGroup>(one: Group) {
  return { ...one, first_at: microsZ(one.first_at), last_at: microsZ(one.last_at) };
}
