import { startOf } from "../../core/run-state.ts";
import { compileInlineWorkflow, parseInlineTrigger } from "../../catalog/inline-workflow.ts";
import { findPayloadMismatch } from "../../catalog/payload-mismatch.ts";
import { availabilityOf, findAvailable } from "../../catalog/availability.ts";
import type { CompiledWorkflow } from "../../catalog/workflow.ts";
import { replaceFilesWithNotes } from "../../core/attachments.ts";
import { parseEvent } from "../../core/event-record.ts";
import type { JsonObject } from "../../core/json.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import { payloadOf, sourceOf } from "../../core/request-payload.ts";
import { parseTrigger, type RecipientSpec, type Trigger } from "../../core/trigger.ts";
import { readNows } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import type { FanOutAsk } from "../../recipients/fan-out.ts";
import { hasOverrides, namedUser, NO_OVERRIDES, readOverrides } from "./overrides.ts";
import { problem, type RequestProblem } from "../problem.ts";
import { nothingLeft, type Person, type Run } from "../run.ts";

/**
 * What a stored request asks for: one intent per workflow. The body was checked for shape when it was accepted; what
 * may have changed since (a workflow disabled, deleted) is a problem of the request, for its log.
 */
export interface Intent {
  request: RequestRow;
  workflow: CompiledWorkflow;
  recipients: RecipientSpec[];
  actor: RecipientSpec | null;
  data: JsonObject;
  tenant_id: string;
  /** Whether missing profiles are created: API triggers do, events need them to exist. */
  creates: boolean;
  /** A further page of an object's subscribers, instead of recipients. */
  page: { actor: Person | null; ask: FanOutAsk; parent_run_id: string | null } | null;
}

/** Body of a request of kind `fanout`; the payload is the first request's. */
export interface FanOutBody {
  request_id: string;
  version_id: string;
  actor: Person | null;
  ask: FanOutAsk;
}

export interface RequestRow {
  workspace_id: number;
  id: string;
  api_type: "workflow" | "dynamic" | "event" | "fanout" | "broadcast";
  name: string;
  tenant_id: string | null;
  idempotency_key: string;
  cancellation_key: string | null;
  body: JsonObject;
  /** By the database's clock. */
  created_at: Date;
  /** The run that triggered it. */
  parent_run_id: string | null;
  depth: number | null;
}

export interface Intents {
  intents: Intent[];
  problems: RequestProblem[];
}

type IntentDeps = Pick<EngineDeps, "db" | "catalog" | "expressions"> & { nowOf: NowOf };

/** A workspace's time, by its id. */
export type NowOf = (workspace_id: number) => Promise<Date>;

/** Per chunk: each workspace's time is read once, on first use. */
export function rememberNows({ db, clock }: Pick<EngineDeps, "db" | "clock">): NowOf {
  const nows = new Map<number, Promise<Date>>();

  async function read(workspace_id: number): Promise<Date> {
    const now = (await readNows(db, [workspace_id], await clock(db))).get(workspace_id);
    if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
    return now;
  }
  return (workspace_id) => {
    const now = nows.get(workspace_id) ?? read(workspace_id);
    nows.set(workspace_id, now);
    return now;
  };
}

export async function readIntents(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  switch (request.api_type) {
    case "workflow":
      return readTrigger(request, deps);
    case "dynamic":
      return readInline(request, deps);
    case "event":
      return readEvent(request, deps);
    case "fanout":
      return readPage(request, deps);
    case "broadcast":
      throw new Error(`request ${request.id} is a broadcast, which has a stage of its own`);
  }
}

/** Runs of a page belong to the request that named the object, and have its payload. */
async function readPage(page: RequestRow, deps: IntentDeps): Promise<Intents> {
  const { request_id, version_id, actor, ask } = page.body as unknown as FanOutBody;
  const { workspace_id, parent_run_id, depth, tenant_id } = page;
  const [first] = await deps.db.query<Omit<RequestRow, "depth">>(
    `select workspace_id, id, api_type, name, tenant_id, idempotency_key, cancellation_key, body, created_at, parent_run_id
       from request where workspace_id = $1 and id = $2`,
    [workspace_id, request_id],
    "page_request",
  );
  if (first === undefined) return withoutIntents(page.name, "request_gone", `request ${request_id} is gone`);
  const intent: Intent = {
    request: { ...first, parent_run_id, depth: depth === 0 ? null : depth },
    workflow: await deps.catalog.getVersion(workspace_id, version_id),
    recipients: [],
    actor: null,
    data: payloadOf(first.api_type, first.body, sourceOf(first)),
    tenant_id: tenant_id ?? DEFAULT_TENANT,
    creates: false,
    page: { actor, ask, parent_run_id },
  };
  return { intents: [intent], problems: [] };
}

async function readTrigger(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseTrigger(request.body, { max_recipients: Number.MAX_SAFE_INTEGER });
  if (!parsed.ok) return withoutIntents(request.name, "validation_error", parsed.message);
  const found = await findAvailable(deps.catalog, request.workspace_id, parsed.value.workflow);
  if (!found.ok) return withoutIntents(parsed.value.workflow, "workflow_not_available", found.reason);
  // The API checks payloads before accepting them; the payload of a run's trigger is first checked here.
  if (request.parent_run_id !== null) {
    const detail = await findPayloadMismatch(
      deps.catalog,
      request.workspace_id,
      found.live,
      parsed.value.data,
    );
    if (detail.length > 0)
      return withoutIntents(parsed.value.workflow, "schema_validation_error", detail.join("; "));
  }
  return { intents: [toIntent(request, found.live, parsed.value)], problems: [] };
}

async function readInline(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseInlineTrigger(request.body, { max_recipients: Number.MAX_SAFE_INTEGER });
  if (!parsed.ok) return withoutIntents(request.name, "validation_error", parsed.message);
  const definition = compileInlineWorkflow(parsed.value);
  const version_id = await deps.catalog.ensureDynamic(request.workspace_id, request.name, definition);
  const workflow = await deps.catalog.getVersion(request.workspace_id, version_id);
  return { intents: [toIntent(request, workflow, parsed.value)], problems: [] };
}

/** One event may start many workflows; its user is recipient and actor, and must exist, unless overridden. */
async function readEvent(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseEvent(request.body);
  if (!parsed.ok) return withoutIntents(null, "validation_error", parsed.message);
  const { distinct_id, event, tenant_id } = parsed.value;
  const properties = replaceFilesWithNotes(parsed.value.properties, sourceOf(request));
  const intents: Intent[] = [];
  const problems: RequestProblem[] = [];
  const source = { workspace_id: request.workspace_id, properties, expressions: deps.expressions };
  for (const slug of await deps.catalog.findTriggered(request.workspace_id, event)) {
    const found = availabilityOf(await deps.catalog.findWorkflow(request.workspace_id, slug), slug);
    if (!found.ok) continue;
    const { definition } = found.live;
    const overridden = hasOverrides(definition)
      ? readOverrides(slug, definition, { ...source, now: await deps.nowOf(request.workspace_id) })
      : NO_OVERRIDES;
    if (!overridden.ok) {
      problems.push(overridden.problem);
      continue;
    }
    const { actor, recipients, tenant_id: tenant } = overridden.value;
    intents.push({
      request,
      workflow: found.live,
      recipients: recipients ?? [namedUser(distinct_id)],
      actor: actor ?? namedUser(distinct_id),
      data: properties,
      tenant_id: tenant ?? tenant_id ?? DEFAULT_TENANT,
      creates: false,
      page: null,
    });
  }
  return { intents, problems };
}

function toIntent(
  request: RequestRow,
  workflow: CompiledWorkflow,
  trigger: Omit<Trigger, "workflow">,
): Intent {
  const { recipients, actor, data, tenant_id } = trigger;
  return {
    request,
    workflow,
    recipients,
    actor,
    data: replaceFilesWithNotes(data, sourceOf(request)),
    tenant_id: tenant_id ?? DEFAULT_TENANT,
    creates: true,
    page: null,
  };
}

function withoutIntents(
  workflow_slug: string | null,
  error_code: RequestProblem["error_code"],
  error_description: string,
): Intents {
  return {
    intents: [],
    problems: [problem(workflow_slug, error_code, error_description)],
  };
}

/** Whatever differs between the runs of one intent. */
export type RunSeed = Pick<
  Run,
  | "id"
  | "parent_run_id"
  | "parent_object"
  | "object_type"
  | "distinct_id"
  | "recipient_id"
  | "actor"
  | "inline"
>;

/** A run at the start, before its first node. */
export function newRun({ request, workflow, tenant_id, data }: Intent, seed: RunSeed, now: Date): Run {
  return {
    ...seed,
    workspace_id: request.workspace_id,
    request_id: request.id,
    workflow,
    tenant_id,
    idempotency_key: request.idempotency_key,
    cancellation_key: request.cancellation_key,
    data,
    data_changed: false,
    status: "in_progress",
    position: startOf(workflow.nodes),
    wake_at: null,
    now,
    memory: request.depth === null ? {} : { depth: request.depth },
    steps: [],
    is_new: true,
    left: nothingLeft(),
  };
}
