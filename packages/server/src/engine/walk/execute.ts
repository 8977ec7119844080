import { signalMissed } from "../waits/accepted-events.ts";
import { storableJson } from "../../core/text/text.ts";
import { announceWakes, report } from "./after-commit.ts";
import type { Step, StepCode } from "../../core/log/step-log.ts";
import { internalReason } from "../../core/text/error-message.ts";
import { type Handler, type Job, perLane, type Ref } from "../../queue/job.ts";
import type { JsonObject } from "../../core/json.ts";
import { parsePosition, type RunStatus } from "../../core/run-state.ts";
import type { CompiledWorkflow } from "../../catalog/workflow.ts";
import { keysOf } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import { WORKSPACE_NOW } from "../../workspaces/clock.ts";
import { advance } from "./advance.ts";
import type { StageDeps } from "../deps.ts";
import { payloadOf } from "../../core/request-payload.ts";
import { loadMessageFacts } from "../chunk/message-facts.ts";
import {
  type ChunkData,
  type Configuration,
  type InlineProfile,
  memberOf,
  nothingLeft,
  type Person,
  type Run,
  type RunMemory,
  type Signal,
} from "../run.ts";
import { noSuchTenant, tenantRefusal } from "../chunk/profile.ts";
import { writeChunk } from "../chunk/store.ts";
import { loadChoices, loadConfiguration, loadPeople, type Use } from "../chunk/chunk-data.ts";
import { takeSignals } from "../waits/signals.ts";
import { readTenants } from "../waits/tenant-signals.ts";
import { abandonWaits } from "../waits/waiters.ts";
import { stopWith, type Walk } from "./walk.ts";

/**
 * Execute: woken runs continue from where they stand. They are locked, walked and written in the transaction that takes
 * the job off its queue; a run that was finished or cancelled meanwhile is left alone.
 */
export function createExecuteHandler(deps: StageDeps): Handler {
  return {
    batch: perLane({ campaigns: 1, others: 2 }),
    loops: perLane({ campaigns: 1, others: 2 }),
    divisible: true,
    async handle(jobs, lane) {
      const chunk = await readChunk(jobs, deps);
      await deps.db.tx(
        async (tx) => {
          await deps.queue.settle(tx, "execute", lane, jobs);
          await execute(tx, chunk, deps);
        },
        { relaxed: true, pause: () => deps.queue.waitForUrgentWork(lane) },
      );
    },
    giveUp: (tx, ref, error) => failRun(tx, ref, error),
  };
}

/** Read before the transaction; see `loadConfiguration` for the reason. */
interface Chunk {
  refs: Ref[];
  /** By version id. */
  workflows: Map<string, CompiledWorkflow>;
  configuration: Configuration;
}

async function readChunk(jobs: Job[], deps: StageDeps): Promise<Chunk> {
  const refs = jobs.flatMap((job) => job.refs);
  const { from, values } = keysOf(refs);
  const rows = await deps.db.query<{ workspace_id: number; version_id: string; tenant_id: string }>(
    `select distinct r.workspace_id, r.version_id, r.tenant_id
       from ${from}
       join run r on r.workspace_id = k.workspace_id and r.id = k.id`,
    values,
    "execute_uses",
  );
  const workflows = new Map<string, CompiledWorkflow>();
  const uses: Use[] = [];
  for (const { workspace_id, version_id, tenant_id } of rows) {
    const workflow = await deps.catalog.getVersion(workspace_id, version_id);
    workflows.set(version_id, workflow);
    uses.push({ workspace_id, tenant_id, workflow });
  }
  return { refs, workflows, configuration: await loadConfiguration(uses, deps) };
}

async function execute(tx: Tx, chunk: Chunk, deps: StageDeps): Promise<void> {
  const base = await deps.clock(tx);
  const runs = await loadRuns(tx, chunk, base);
  const { signals, more } = await takeSignals(tx, runs, base);
  // Run concurrently, so that they share a round trip.
  const { configuration } = chunk;
  const [recipients, facts, choices, tenants] = await Promise.all([
    loadPeople(tx, runs, deps),
    loadMessageFacts(tx, runs),
    loadChoices(tx, runs, deps),
    readTenants(tx, runs, configuration.tenants, deps),
  ]);
  const chunkData: ChunkData = { ...configuration, tenants, recipients, messages: facts, choices };
  const walks: Walk[] = [];
  for (const run of runs) {
    const stop = stopOf(run, chunkData);
    if (stop !== null) stopWith(run, stop.code, stop.message);
    else walks.push({ run, begin: beginOf(run, signals) });
  }
  const messages = await advance(tx, walks, chunkData, deps);
  const unheard = runs.filter(
    (run) => more.has(run.id) && run.wake_at !== null && !run.left.stoppedListening,
  );
  for (const run of unheard) run.wake_at = null;
  await writeChunk(tx, { walked: runs }, messages, deps);
  await signalMissed(tx, runs, chunkData, deps.queue);
  await deps.queue.enqueue(tx, "execute", unheard.map(memberOf));
  announceWakes(tx, runs, deps);
  tx.afterCommit(() => report(runs, messages, deps));
}

/** A redriven run enters its node again; all others were waiting. */
function beginOf(run: Run, signals: Map<string, Signal[]>): Walk["begin"] {
  if (run.memory.failed_at === undefined) return { kind: "wake", signals: signals.get(run.id) ?? [] };
  delete run.memory.failed_at;
  return { kind: "enter" };
}

/** Why a run cannot continue where it woke: something it needs was deleted, or is no longer accessible to it. */
function stopOf(run: Run, chunkData: ChunkData): { code: StepCode; message: string } | null {
  if (isOrphaned(run, chunkData)) {
    const { object_type, distinct_id } = run;
    const missing =
      object_type === ""
        ? `no user found with distinct_id: ${distinct_id}`
        : `no object found with id: ${object_type}/${distinct_id}`;
    return { code: "user_not_found", message: missing };
  }
  const { workspace_id, tenant_id, workflow } = run;
  if ((chunkData.tenants.get(`${workspace_id}/${tenant_id}`) ?? null) === null) {
    return { code: "tenant_not_found", message: noSuchTenant(workflow.slug, tenant_id) };
  }
  const refusal = tenantRefusal(run, chunkData);
  return refusal === null ? null : { code: "tenant_not_associated", message: refusal };
}

/** The recipient existed when the run began and was deleted since. */
function isOrphaned(run: Run, chunkData: ChunkData): boolean {
  return run.recipient_id !== null && !chunkData.recipients.has(run.recipient_id);
}

interface RunRow {
  workspace_id: number;
  id: string;
  request_id: string;
  parent_run_id: string | null;
  version_id: string;
  object_type: string;
  distinct_id: string;
  recipient_id: string | null;
  tenant_id: string;
  idempotency_key: string;
  cancellation_key: string | null;
  actor: Person | null;
  inline: InlineProfile | null;
  data: JsonObject | null;
  status: RunStatus;
  position: string | null;
  steps: Step[];
  state: RunMemory | null;
  parent_object: string | null;
  now: Date;
  /** Its request's, as is what follows. */
  api_type: string | null;
  is_internal: boolean;
  body: JsonObject | null;
}

/** Locks in key order, without `skip locked`: the job belongs to this worker, and so do its runs. */
async function loadRuns(tx: Tx, { refs, workflows }: Chunk, base: Date | null): Promise<Run[]> {
  const { from, values, next } = keysOf(refs);
  const rows = await tx.query<RunRow>(
    `select r.workspace_id, r.id, r.request_id, r.parent_run_id, r.version_id, r.object_type, r.distinct_id,
            r.recipient_id, r.tenant_id, r.idempotency_key, r.cancellation_key, r.actor, r.inline, r.data, r.status,
            r.position, r.steps, r.state, r.parent_object, ${WORKSPACE_NOW(`$${next}`)} as now,
            q.api_type, q.parent_run_id is not null as is_internal, case when r.data is null then q.body end as body
       from ${from}
       join run r on r.workspace_id = k.workspace_id and r.id = k.id
       join workspace w on w.workspace_id = r.workspace_id
       left join request q on q.workspace_id = r.workspace_id and q.id = r.request_id
      where r.status = 'in_progress' and r.position is not null and r.wake_at is null
      order by r.workspace_id, r.id
        for no key update of r`,
    [...values, base],
    "execute_load",
  );
  return rows.map(({ version_id, position, data, body, api_type, is_internal, state, ...row }): Run => {
    const workflow = workflows.get(version_id);
    if (workflow === undefined) throw new Error(`run ${row.id} changed its version`);
    return {
      ...row,
      workflow,
      data: data ?? payloadOf(api_type, body, { request_id: row.request_id, is_internal }),
      data_changed: false,
      position: position === null ? null : parsePosition(position),
      wake_at: null,
      memory: state ?? {},
      is_new: false,
      left: nothingLeft(),
    };
  });
}

async function failRun(tx: Tx, ref: Ref, error: unknown): Promise<void> {
  const step: Step = {
    t: Date.now(),
    s: "run_stopped",
    l: "error",
    m: internalReason(error),
    p: { code: "internal" },
  };
  await tx.query(
    `update run set status = 'failed', position = null, wake_at = null, updated_at = now(),
                    steps = (steps::jsonb || $3::jsonb)::json,
                    state = (coalesce(state::jsonb, '{}') || jsonb_build_object('failed_at', position))::json
      where workspace_id = $1 and id = $2 and status = 'in_progress'`,
    [ref.workspace_id, ref.id, storableJson([step])],
  );
  await abandonWaits(tx, [ref]);
}
