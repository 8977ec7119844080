import type { Ref } from "../../queue/job.ts";
import type { PayloadSchema } from "../../catalog/payload-schema.ts";
import type { WorkflowEntry } from "../../catalog/catalog.ts";
import type { Tx } from "../../db/db.ts";
import type { StageDeps } from "../deps.ts";
import type { Chunk } from "../expand/expand.ts";
import { refuseIntent } from "../expand/gates.ts";
import { type Intent, readIntents, rememberNows, type RequestRow } from "../expand/intent.ts";
import { createRunEffects } from "../effects/run-effects.ts";
import { problem, type RequestProblem } from "../problem.ts";
import type { Configuration } from "../run.ts";
import { loadConfiguration } from "../chunk/chunk-data.ts";

/**
 * Requests triggered by the runs of a rehearsal: written in its transaction and read from it, because they are never
 * visible elsewhere. What they may need is read before the transaction begins (see `loadConfiguration`), for every
 * workflow reachable from the first by triggers.
 */
export interface Reachable {
  configuration: Configuration;
  /** By slug. */
  entries: ReadonlyMap<string, WorkflowEntry | null>;
  schemas: ReadonlyMap<string, PayloadSchema | null>;
}

export async function loadReachable({ intents }: Chunk, deps: StageDeps): Promise<Reachable> {
  const entries = new Map<string, WorkflowEntry | null>();
  const schemas = new Map<string, PayloadSchema | null>();
  const uses = intents.map(({ request: { workspace_id }, workflow, tenant_id }) => {
    return { workspace_id, workflow, tenant_id };
  });
  for (const { workspace_id, workflow, tenant_id } of uses) {
    for (const slug of workflow.invokes) {
      if (entries.has(slug)) continue;
      const entry = await deps.catalog.findWorkflow(workspace_id, slug);
      entries.set(slug, entry);
      if (entry?.live == null) continue;
      uses.push({ workspace_id, workflow: entry.live, tenant_id });
      const link = entry.live.definition.payload_schema;
      if (link === null) continue;
      const ref = { slug: link.schema, version_no: link.version_no ?? null };
      schemas.set(keyOf(ref), await deps.catalog.findPayloadSchema(workspace_id, ref));
    }
  }
  return { configuration: await loadConfiguration(uses, deps), entries, schemas };
}

const keyOf = ({ slug, version_no }: { slug: string; version_no: number | null }): string =>
  `${slug} ${version_no ?? "live"}`;

/** Performs effects, and keeps requests to be expanded off the queue: their ids go into `made`. */
export function createRehearsedEffects(deps: StageDeps, made: Ref[]): StageDeps["runEffects"] {
  return createRunEffects({
    ...deps,
    queue: {
      ...deps.queue,
      async enqueue(tx, stage, members) {
        if (stage === "expand") made.push(...members);
        else await deps.queue.enqueue(tx, stage, members);
      },
    },
  });
}

/**
 * Reads the requests as their expand would: one chunk, of no more than `room` recipients. Event requests are only
 * reported with the workflows they would start.
 */
export async function readTriggered(
  tx: Tx,
  made: Ref[],
  room: number,
  { configuration, entries, schemas }: Reachable,
  deps: StageDeps,
): Promise<Chunk> {
  const chunk: Chunk = { requests: [], intents: [], problems: new Map(), configuration };
  if (made.length === 0) return chunk;
  const requests = await tx.query<RequestRow>(
    `select workspace_id, id, api_type, name, tenant_id, idempotency_key, cancellation_key, body, created_at,
            parent_run_id, depth
       from request where workspace_id = any($1) and id = any($2) order by id`,
    [[...new Set(made.map(({ workspace_id }) => workspace_id))], made.map(({ id }) => id)],
  );
  const catalog: StageDeps["catalog"] = {
    ...deps.catalog,
    findWorkflow: async (_workspace_id, slug) => entries.get(slug) ?? null,
    findPayloadSchema: async (_workspace_id, ref) =>
      schemas.get(keyOf({ ...ref, version_no: ref.version_no ?? null })) ?? null,
  };
  const nowOf = rememberNows(deps);
  let left = room;
  for (const request of requests) {
    if (request.api_type !== "workflow") continue;
    const { intents, problems } = await readIntents(request, { ...deps, catalog, nowOf });
    const refusals = intents.map((intent) => refuseIntent(intent, configuration) ?? crowdedOut(intent, left));
    const possible = intents.filter((_intent, index) => refusals[index] === null);
    for (const { recipients } of possible) left -= recipients.length;
    chunk.requests.push(request);
    chunk.intents.push(...possible);
    chunk.problems.set(request.id, [...problems, ...refusals.filter((refusal) => refusal !== null)]);
  }
  const events = requests.filter(({ api_type }) => api_type === "event");
  const [first] = events;
  const started = first === undefined ? [] : await findStarted(tx, first.workspace_id, events);
  if (first !== undefined && started.length > 0) chunk.problems.set(first.id, started);
  return chunk;
}

function crowdedOut({ workflow: { slug }, recipients }: Intent, room: number): RequestProblem | null {
  return recipients.length <= room ? null : unrehearsed(slug, "there are too many executions already");
}

/** Entering or leaving a list causes an event. The workflows that this event would start are not rehearsed. */
async function findStarted(tx: Tx, workspace_id: number, events: RequestRow[]): Promise<RequestProblem[]> {
  const rows = await tx.query<{ slug: string; event: string }>(
    `select distinct e.slug, n.event from unnest($2::text[]) as n(event)
       join workflow_event e on e.workspace_id = $1 and e.event_name = lower(n.event) and e.usage = 'Trigger Event'
       join workflow w on w.workspace_id = e.workspace_id and w.slug = e.slug
      where w.is_enabled and w.live_version_id is not null and w.deleted_at is null order by 1, 2`,
    [workspace_id, events.map(({ name }) => name)],
  );
  return rows.map(({ slug, event }) => unrehearsed(slug, `it would be started by event '${event}'`));
}

export const NOT_REHEARSED = "not_rehearsed";

/** A problem that reports what the rehearsal leaves out. */
export function unrehearsed(workflow_slug: string, why: string): RequestProblem {
  const entry = problem(workflow_slug, NOT_REHEARSED, `workflow '${workflow_slug}' is not rehearsed: ${why}`);
  return { ...entry, severity: "info" };
}
