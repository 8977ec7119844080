import { evaluateConditions } from "../core/conditions.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { type Position, startOf } from "../core/run-state.ts";
import { editProfile } from "../core/profile-edit.ts";
import { type Operation, profileFromRecipient } from "../core/profile-operations.ts";
import type { RecipientSpec } from "../core/trigger.ts";
import type { Queryable, Tx } from "../db/db.ts";
import type { EditOutcome, RecipientEdit, Recipients, StoredRecipient } from "../recipients/recipients.ts";
import { type Handler, type Job, lessForCampaigns, type Ref } from "./dispatch.ts";
import { createPace } from "./pace.ts";
import { announceWakes, report, type StageDeps } from "./deps.ts";
import { type Intent, type RequestProblem, type RequestRow, readIntents } from "./intent.ts";
import {
  addStep,
  type Configuration,
  type InlineProfile,
  type NewMessage,
  type Person,
  type Run,
  type Surroundings,
} from "./run.ts";
import { scopeOf } from "./scope.ts";
import { insertAndQueue, insertRuns } from "./store.ts";
import { groupBy, loadConfiguration, loadPeople } from "./surroundings.ts";
import { walkSafely } from "./walk.ts";

/**
 * Expand: accepted requests become runs, one per recipient, and each run is walked as far as it goes, all in the
 * transaction that takes the job off its queue. A crash anywhere before its commit leaves the request as it was
 * accepted. The commit does not wait for the disk: what a crash of the database undoes here, it undoes together
 * with the job's completion, so the job runs again.
 */
export function createExpandHandler(deps: StageDeps): Handler {
  return {
    batch: lessForCampaigns(4),
    loops: lessForCampaigns(2),
    divisible: true,
    async handle(jobs, lane) {
      const chunk = await readChunk(jobs, deps);
      await deps.db.tx(
        async (tx) => {
          await deps.dispatch.settle(tx, "expand", lane, jobs);
          await expand(tx, chunk, deps);
        },
        { relaxed: true },
      );
    },
    giveUp: (tx, ref, error) => failRequest(tx, ref, error),
  };
}

/** What is read before the transaction; see `loadConfiguration` for why. */
interface Chunk {
  requests: RequestRow[];
  intents: Intent[];
  /** By request id. */
  problems: Map<string, RequestProblem[]>;
  configuration: Configuration;
}

async function readChunk(jobs: Job[], deps: StageDeps): Promise<Chunk> {
  const requests = await loadRequests(
    deps.db,
    jobs.flatMap((job) => job.refs),
  );
  const problems = new Map<string, RequestProblem[]>(requests.map(({ id }) => [id, []]));
  const intents: Intent[] = [];
  for (const request of requests) {
    const read = await readIntents(request, deps);
    intents.push(...read.intents);
    problems.get(request.id)?.push(...read.problems);
  }
  const uses = intents.map(({ request, workflow, tenant_id }) => {
    return { workspace_id: request.workspace_id, workflow, tenant_id };
  });
  const configuration = await loadConfiguration(uses, deps);
  const possible = intents.filter((intent) => {
    const refusal = refuseIntent(intent, configuration);
    if (refusal !== null) problems.get(intent.request.id)?.push(refusal);
    return refusal === null;
  });
  return { requests, intents: possible, problems, configuration };
}

async function expand(tx: Tx, chunk: Chunk, deps: StageDeps): Promise<void> {
  const { requests, intents, problems, configuration } = chunk;
  const now = await deps.clock(tx);
  const { runs, known } = await planRuns(tx, intents, problems, deps);
  const surroundings = { ...configuration, now, recipients: await loadPeople(tx, runs, deps, known) };
  const messages: NewMessage[] = [];
  const begun: Run[] = [];
  const breathe = createPace();
  for (const run of runs) {
    await breathe();
    const refusal = refuseRun(run, surroundings);
    if (refusal !== null) {
      problems.get(run.request_id)?.push(refusal);
      continue;
    }
    addStep(run, now, null, "info", "run_started", "run started");
    messages.push(...walkSafely(run, surroundings, deps));
    begun.push(run);
  }
  await insertRuns(tx, begun);
  await insertAndQueue(tx, messages, deps.dispatch);
  await recordProblems(tx, requests, problems, begun);
  announceWakes(tx, begun, deps);
  tx.afterCommit(() => report(begun, messages, deps));
}

/** By workspace first: in that order the chunk locks recipients. */
async function loadRequests(db: Queryable, refs: Ref[]): Promise<RequestRow[]> {
  return db.query<RequestRow>(
    `select r.workspace_id, r.id, r.api_type, r.name, r.tenant_id, r.idempotency_key, r.cancellation_key, r.body
       from unnest($1::int[], $2::uuid[]) as k(workspace_id, id)
       join request r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.status = 'accepted'
      order by r.workspace_id, r.id`,
    [refs.map((ref) => ref.workspace_id), refs.map((ref) => ref.id)],
    "expand_load",
  );
}

/** Reads and writes all recipients and actors of the chunk in bulk, and makes one run per recipient. */
async function planRuns(
  tx: Tx,
  intents: Intent[],
  problems: Map<string, RequestProblem[]>,
  deps: StageDeps,
): Promise<{ runs: Run[]; known: Map<string, StoredRecipient> }> {
  const runs: Run[] = [];
  const known = new Map<string, StoredRecipient>();
  for (const [workspace_id, own] of groupBy(intents, (intent) => intent.request.workspace_id)) {
    const edits: RecipientEdit[] = [];
    const planned = own.map((intent) => ({
      intent,
      actor: planPerson(intent.actor, intent.creates, edits, deps.recipients),
      recipients: intent.recipients.map((spec) => planPerson(spec, intent.creates, edits, deps.recipients)),
    }));
    const outcomes = await deps.recipients.apply(tx, workspace_id, edits);
    for (const outcome of outcomes) {
      if (outcome.ok && outcome.recipient !== null) known.set(outcome.recipient.id, outcome.recipient);
    }
    for (const { intent, actor, recipients } of planned) {
      const told = problems.get(intent.request.id) ?? [];
      for (const person of [actor, ...recipients]) {
        if (person !== null) told.push(...warningsOf(person, intent.workflow.slug));
      }
      for (const recipient of recipients) {
        if (recipient === null) continue;
        const made = makeRun(intent, actor, recipient, outcomes, deps);
        if ("error_code" in made) told.push(made);
        else runs.push(made);
      }
    }
  }
  return { runs, known };
}

interface PlannedPerson {
  spec: RecipientSpec;
  operations: Operation[];
  inline: {
    properties: JsonObject;
    identities: InlineProfile["identities"];
    refused: number;
    /** What the trigger said that could not be taken, in the wire's words. */
    warnings: string[];
  };
  /** Index into the chunk's edits; null for people who are never stored. */
  edit: number | null;
}

function planPerson(
  spec: RecipientSpec | null,
  creates: boolean,
  edits: RecipientEdit[],
  recipients: Recipients,
): PlannedPerson | null {
  if (spec === null) return null;
  const operations = spec.profile === null ? [] : profileFromRecipient(spec.profile).operations;
  const inline = readInline(operations, recipients);
  if (spec.is_transient) return { spec, operations, inline, edit: null };
  const { object_type, distinct_id } = spec;
  const create = creates && !spec.skip_create;
  // Per-tenant profiles are not stored yet: what belongs to one holds for this run and is not written to the global one.
  const stored = spec.tenant_scoped ? [] : operations;
  edits.push({ object_type, distinct_id, operations: stored, mode: "lenient", restore: false, create });
  return { spec, operations, inline, edit: edits.length - 1 };
}

/** What the trigger says about a person, by itself: it overrides the stored profile for this run. */
function readInline(operations: Operation[], recipients: Recipients): PlannedPerson["inline"] {
  if (operations.length === 0) return { properties: {}, identities: [], refused: 0, warnings: [] };
  const empty = { properties: {}, identities: [] };
  const result = editProfile(empty, operations, { parseIdentity: recipients.parseIdentity, mode: "lenient" });
  if (!result.ok) return { ...empty, refused: 0, warnings: [result.error] };
  const { profile, refused_identities, warnings } = result.edit;
  return {
    properties: profile.properties,
    identities: [...profile.identities],
    refused: refused_identities,
    warnings,
  };
}

/** What was wrong in an inline profile costs only itself; the request log says so. */
function warningsOf({ inline }: PlannedPerson, workflow_slug: string): RequestProblem[] {
  return inline.warnings.map((text) => ({
    ...problem(workflow_slug, "invalid_profile_value", text),
    severity: "warning",
  }));
}

function makeRun(
  intent: Intent,
  actor: PlannedPerson | null,
  { spec, inline, edit }: PlannedPerson,
  outcomes: EditOutcome[],
  deps: StageDeps,
): Run | RequestProblem {
  const { request, workflow } = intent;
  const recipient_id = storedId(outcomes, edit);
  if (recipient_id === null && inline.identities.length === 0) {
    if (inline.refused > 0)
      return problem(
        workflow.slug,
        "channel_identities_invalid",
        "all channel identities provided for user are invalid",
      );
    const missing =
      spec.object_type === ""
        ? `user [distinct_id: '${spec.distinct_id}'] not found`
        : `object '${spec.object_type}/${spec.distinct_id}' not found`;
    return problem(workflow.slug, "user_not_found", missing);
  }
  const hasInline =
    spec.channels !== null ||
    spec.is_transient ||
    inline.identities.length > 0 ||
    Object.keys(inline.properties).length > 0;
  const start: Position | null = startOf(workflow.nodes);
  return {
    workspace_id: request.workspace_id,
    id: deps.ids.ulid(),
    request_id: request.id,
    parent_run_id: null,
    workflow,
    object_type: spec.object_type,
    distinct_id: spec.is_transient ? `_transient_${deps.ids.ulid()}` : spec.distinct_id,
    recipient_id,
    tenant_id: intent.tenant_id,
    idempotency_key: request.idempotency_key,
    cancellation_key: request.cancellation_key,
    actor: actor === null ? null : toPerson(actor, outcomes),
    inline: hasInline
      ? {
          properties: inline.properties,
          identities: inline.identities,
          only: spec.channels,
          is_transient: spec.is_transient,
        }
      : null,
    data: intent.data,
    data_changed: false,
    status: "in_progress",
    position: start,
    wake_at: null,
    steps: [],
  };
}

function toPerson({ spec, inline, edit }: PlannedPerson, outcomes: EditOutcome[]): Person {
  return {
    object_type: spec.object_type,
    distinct_id: spec.distinct_id,
    recipient_id: storedId(outcomes, edit),
    properties: inline.properties,
  };
}

function storedId(outcomes: EditOutcome[], edit: number | null): string | null {
  const outcome = edit === null ? undefined : outcomes[edit];
  return outcome?.ok === true ? (outcome.recipient?.id ?? null) : null;
}

/** A tenant that does not exist ends an intent before it makes or changes anybody. */
function refuseIntent(
  { request, workflow, tenant_id }: Intent,
  { tenants }: Configuration,
): RequestProblem | null {
  if ((tenants.get(`${request.workspace_id}/${tenant_id}`) ?? null) !== null) return null;
  const text = `[workflow: ${workflow.slug}] tenant doesn't exist with id: ${tenant_id}`;
  return problem(workflow.slug, "tenant_not_found", text);
}

/** The trigger's conditions, with the values they saw. */
function refuseRun(run: Run, surroundings: Surroundings): RequestProblem | null {
  const { slug, definition } = run.workflow;
  if (definition.conditions.length === 0) return null;
  const scope = scopeOf(run, surroundings);
  const { result, trace } = evaluateConditions(definition.conditions, {
    namespaces: scope.namespaces,
    now: surroundings.now,
  });
  if (result) return null;
  return {
    ...problem(
      slug,
      "conditions_false",
      `trigger conditions are false for ${run.object_type === "" ? "user" : "object"} '${run.distinct_id}'`,
    ),
    severity: "warning",
    trace: trace as unknown as Json,
  };
}

function problem(workflow_slug: string, error_code: string, error_description: string): RequestProblem {
  return { error_code, error_description, error_type: "workflow_trigger", severity: "error", workflow_slug };
}

/** Only requests that have something to say are written again. */
async function recordProblems(
  tx: Tx,
  requests: RequestRow[],
  problems: Map<string, RequestProblem[]>,
  begun: Run[],
): Promise<void> {
  const running = new Set(begun.map((run) => run.request_id));
  const told = requests.filter(({ id }) => (problems.get(id)?.length ?? 0) > 0);
  if (told.length === 0) return;
  const statuses = told.map(({ id }) => {
    const failed = problems.get(id)?.some(({ severity }) => severity === "error") === true;
    return failed && !running.has(id) ? "failure" : "partial_failure";
  });
  await tx.query(
    `update request r set status = u.status, errors = u.errors::json, updated_at = now()
       from unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) as u(workspace_id, id, status, errors)
      where r.workspace_id = u.workspace_id and r.id = u.id`,
    [
      told.map(({ workspace_id }) => workspace_id),
      told.map(({ id }) => id),
      statuses,
      told.map(({ id }) => JSON.stringify(problems.get(id))),
    ],
    "expand_problems",
  );
}

async function failRequest(tx: Tx, { workspace_id, id }: Ref, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const told: RequestProblem = {
    error_code: "internal",
    error_description: `500: ${message}`,
    error_type: "workflow_trigger",
    severity: "error",
    workflow_slug: null,
  };
  await tx.query(
    "update request set status = 'failure', errors = $3, updated_at = now() where workspace_id = $1 and id = $2",
    [workspace_id, id, JSON.stringify([told])],
  );
}
