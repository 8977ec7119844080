import { isJsonObject, type JsonObject } from "../../../core/json.ts";
import { maskAddress, maskAddresses } from "../../../core/secret-addresses.ts";
import { microsZ } from "../../../core/time/wire-time.ts";
import type { Rehearsal } from "../../../engine/engine.ts";
import { AppError } from "../../../errors.ts";
import { WORKSPACE_NOW } from "../../../workspaces/clock.ts";
import { onlyFate, type WireRecord } from "../records.ts";
import { checkTriggers, type TriggerContext } from "./accept-trigger.ts";

/**
 * Computes what a trigger would do: who would get what on which channel, the rendered content, and every reason. The
 * checks and refusals are those of a trigger.
 */
export async function dryRun(record: WireRecord, ctx: TriggerContext): Promise<JsonObject> {
  const { body } = record;
  if (!isJsonObject(body)) {
    throw new AppError(
      "validation_error",
      "dry_run: takes one record; send the records of an array one by one",
    );
  }
  const { trigger } = onlyFate(await checkTriggers([record], ctx));
  const { workspace_id } = ctx.auth.workspace;
  const { workflow: name, tenant_id, idempotency_key } = trigger;
  const rehearsal = await ctx.services.engine.rehearse({ workspace_id, name, tenant_id, body });
  const duplicate_of = await holderOf(ctx, idempotency_key);
  return { status: "success", dry_run: true, workflow: name, duplicate_of, ...presentRehearsal(rehearsal) };
}

/** The request that holds the trigger's idempotency key: a real trigger would be skipped. */
async function holderOf({ auth, services }: TriggerContext, key: string | null): Promise<string | null> {
  if (key === null) return null;
  const [row] = await services.db.query<{ request_id: string }>(
    `select i.request_id from idempotency i join workspace w on w.workspace_id = i.workspace_id
      where i.workspace_id = $1 and i.kind = 'workflow' and i.key = $2
        and i.created_at >= ${WORKSPACE_NOW("$3")} - interval '24 hours'`,
    [auth.workspace.workspace_id, key, await services.engine.clock(services.db)],
  );
  return row?.request_id ?? null;
}

function presentRehearsal({ problems, runs, is_complete }: Rehearsal): JsonObject {
  return {
    problems: problems.map((problem) => ({ ...problem })),
    recipients: runs.map(({ object_type, distinct_id, ends_at, steps, messages, ...run }) => ({
      ...(object_type === "" ? { distinct_id } : { object_type, id: distinct_id }),
      workflow: run.workflow_slug,
      parent_object: run.parent_object,
      status: run.status,
      ends_at: microsZ(ends_at),
      messages: messages.map((message) => ({
        ...message,
        channel_value: maskAddress(message.channel_value),
      })),
      steps: steps.map(({ t, n, s, l, m, p }) => ({
        at: microsZ(new Date(t)),
        node_ref: n ?? null,
        stage: s,
        severity: l ?? "info",
        message: m,
        ...(p === undefined ? {} : { values: maskAddresses(p) }),
      })),
    })),
    is_complete,
  };
}
