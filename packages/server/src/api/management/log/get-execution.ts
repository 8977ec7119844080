import { z } from "zod";
import { microsZ, orNull } from "../../../core/wire-time.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { presentRun, presentSteps, RUN_COLUMNS, type RunRow, type StoredStep } from "./run-row.ts";

interface MessageRow {
  id: string;
  node_ref: string;
  channel: string;
  status: string;
  vendor_slug: string | null;
  attempt: number;
  failure_reason: string | null;
  triggered_at: Date | null;
  delivered_at: Date | null;
}

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/execution/:execution_id/",
  summary: "One execution: what it decided at each gate, with the values it saw, and the messages it made.",
  params: z.object({ workspace: z.string(), execution_id: z.string() }),
  reply: { status: 200, body: z.record(z.string(), z.unknown()) },
  errors: ["authentication_failed", "not_found"],
  async handle({ params, auth, db }) {
    const key = [auth.workspace.workspace_id, params.execution_id];
    const [run] = await db.query<RunRow & { steps: StoredStep[] }>(
      `select ${RUN_COLUMNS}, r.steps from run r
         join workflow_version v on v.workspace_id = r.workspace_id and v.id = r.version_id
        where r.workspace_id = $1 and r.id = $2`,
      key,
    );
    if (run === undefined) throw new AppError("not_found", `execution '${params.execution_id}' not found`);
    const messages = await db.query<MessageRow>(
      `select id, node_ref, channel, status, vendor_slug, attempt, failure_reason, triggered_at, delivered_at
         from message where workspace_id = $1 and execution_id = $2 order by id`,
      key,
    );
    return {
      ...presentRun(run),
      steps: presentSteps(run.steps),
      messages: messages.map(({ id, triggered_at, delivered_at, vendor_slug, ...message }) => ({
        message_id: id,
        ...message,
        vendor: vendor_slug,
        triggered_at: orNull(microsZ, triggered_at),
        delivered_at: orNull(microsZ, delivered_at),
      })),
    };
  },
});
