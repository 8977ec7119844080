import { evaluateConditions } from "../../core/conditions/conditions.ts";
import type { Json } from "../../core/json.ts";
import { describeRecipient } from "../../core/text/recipient-name.ts";
import type { Tx } from "../../db/db.ts";
import type { Queue } from "../../queue/queue.ts";
import type { Intent } from "./intent.ts";
import { problem, problemOf, type RequestProblem } from "../problem.ts";
import type { Configuration, Run, ChunkData } from "../run.ts";
import { noSuchTenant, tenantRefusal } from "../chunk/profile.ts";
import { scopeOf } from "../chunk/scope.ts";
import { createPace } from "../../queue/pace.ts";
import { throttle } from "./throttle.ts";

/** A tenant that does not exist ends an intent before any person is created or changed. */
export function refuseIntent(
  { request, workflow, tenant_id }: Intent,
  { tenants }: Configuration,
): RequestProblem | null {
  if ((tenants.get(`${request.workspace_id}/${tenant_id}`) ?? null) !== null) return null;
  return problem(workflow.slug, "tenant_not_found", noSuchTenant(workflow.slug, tenant_id));
}

/**
 * Refuses a run whose tenant may not have this recipient, or whose trigger conditions are false, with the values they
 * read.
 */
function refuseRun(run: Run, chunkData: ChunkData): RequestProblem | null {
  const { slug, definition } = run.workflow;
  const refusal = tenantRefusal(run, chunkData);
  if (refusal !== null) return problemOf(run, slug, "tenant_not_associated", refusal);
  if (definition.conditions.length === 0) return null;
  const scope = scopeOf(run, chunkData);
  const { result, trace } = evaluateConditions(definition.conditions, {
    namespaces: scope.namespaces,
    now: run.now,
  });
  if (result) return null;
  return {
    ...problemOf(run, slug, "conditions_false", `trigger conditions are false for ${describeRecipient(run)}`),
    severity: "warning",
    trace: trace as unknown as Json,
  };
}

/**
 * Returns the runs that may begin, in the order of the gates: conditions, which may read the recipient, then the
 * throttle, which counts only runs that passed them. Refusals are recorded in the request's log.
 */
export async function admit(
  tx: Tx,
  runs: Run[],
  chunkData: ChunkData,
  problems: Map<string, RequestProblem[]>,
  queue: Pick<Queue, "waitForUrgentWork">,
): Promise<Run[]> {
  const lane = runs[0]?.workflow.lane ?? 0;
  const pause = createPace({ waitForUrgentWork: () => queue.waitForUrgentWork(lane) });
  const passed: Run[] = [];
  for (const run of runs) {
    await pause();
    const refusal = refuseRun(run, chunkData);
    if (refusal === null) passed.push(run);
    else problems.get(run.request_id)?.push(refusal);
  }
  const throttled = await throttle(tx, passed);
  for (const run of throttled) {
    const { request_id, workflow } = run;
    const { count = 0, sliding_window = "" } = workflow.definition.ratelimit ?? {};
    const text = `throttled: ${describeRecipient(run)} had ${count} executions of '${workflow.slug}' within ${sliding_window}`;
    problems
      .get(request_id)
      ?.push({ ...problemOf(run, workflow.slug, "throttled", text), severity: "warning" });
  }
  return passed.filter((run) => !throttled.has(run));
}
