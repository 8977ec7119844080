import { compileInlineWorkflow, parseInlineTrigger } from "../catalog/inline-workflow.ts";
import type { WorkflowEntry } from "../catalog/catalog.ts";
import type { CompiledWorkflow } from "../catalog/workflow.ts";
import { parseEvent } from "../core/event-record.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { parseTrigger, type RecipientSpec, type Trigger } from "../core/trigger.ts";
import type { EngineDeps } from "./deps.ts";

/**
 * What a stored request asks for: one intent per workflow. The body was checked for shape when it was accepted;
 * what may have changed since (a workflow disabled, deleted) is a problem of the request, for its log.
 */
export interface Intent {
  request: RequestRow;
  workflow: CompiledWorkflow;
  recipients: RecipientSpec[];
  actor: RecipientSpec | null;
  data: JsonObject;
  tenant_id: string;
  /** Missing profiles are made: API triggers do, events need them to exist. */
  creates: boolean;
}

export interface RequestRow {
  workspace_id: number;
  id: string;
  api_type: "workflow" | "dynamic" | "event";
  name: string;
  tenant_id: string | null;
  idempotency_key: string;
  cancellation_key: string | null;
  body: JsonObject;
}

/** One entry of a request's `errors`. */
export interface RequestProblem {
  error_code: string;
  error_description: string;
  error_type: string;
  severity: "critical" | "error" | "warning" | "info";
  workflow_slug: string | null;
  trace?: Json;
}

export interface Intents {
  intents: Intent[];
  problems: RequestProblem[];
}

type IntentDeps = Pick<EngineDeps, "catalog">;

const DEFAULT_TENANT = "default";

export async function readIntents(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  switch (request.api_type) {
    case "workflow":
      return readTrigger(request, deps);
    case "dynamic":
      return readInline(request, deps);
    case "event":
      return readEvent(request, deps);
  }
}

async function readTrigger(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseTrigger(request.body, { max_recipients: Number.MAX_SAFE_INTEGER });
  if (!parsed.ok) return refused(request.name, "validation_error", parsed.message);
  const entry = await deps.catalog.findWorkflow(request.workspace_id, parsed.value.workflow);
  const refusal = unavailable(entry, parsed.value.workflow);
  if (refusal !== null || entry?.live == null)
    return refused(parsed.value.workflow, "workflow_not_available", refusal ?? "");
  return { intents: [toIntent(request, entry.live, parsed.value)], problems: [] };
}

async function readInline(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseInlineTrigger(request.body, { max_recipients: Number.MAX_SAFE_INTEGER });
  if (!parsed.ok) return refused(request.name, "validation_error", parsed.message);
  const definition = compileInlineWorkflow(parsed.value);
  const version_id = await deps.catalog.ensureDynamic(request.workspace_id, request.name, definition);
  const workflow = await deps.catalog.getVersion(request.workspace_id, version_id);
  return { intents: [toIntent(request, workflow, parsed.value)], problems: [] };
}

/** One event may start many workflows; its user is recipient and actor, and must exist. */
async function readEvent(request: RequestRow, deps: IntentDeps): Promise<Intents> {
  const parsed = parseEvent(request.body);
  if (!parsed.ok) return refused(null, "validation_error", parsed.message);
  const { distinct_id, event, properties, tenant_id } = parsed.value;
  const spec = (): RecipientSpec => ({
    object_type: "",
    distinct_id,
    is_transient: false,
    skip_create: true,
    tenant_scoped: false,
    channels: null,
    profile: null,
  });
  const intents: Intent[] = [];
  for (const slug of await deps.catalog.findTriggered(request.workspace_id, event)) {
    const entry = await deps.catalog.findWorkflow(request.workspace_id, slug);
    if (entry?.live == null || !entry.is_enabled) continue;
    intents.push({
      request,
      workflow: entry.live,
      recipients: [spec()],
      actor: spec(),
      data: properties,
      tenant_id: tenant_id ?? DEFAULT_TENANT,
      creates: false,
    });
  }
  return { intents, problems: [] };
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
    data,
    tenant_id: tenant_id ?? DEFAULT_TENANT,
    creates: true,
  };
}

/** Why a workflow cannot be triggered; null when it can. */
export function unavailable(entry: WorkflowEntry | null, slug: string): string | null {
  if (entry === null) return `workflow with slug '${slug}' not found`;
  if (entry.live === null) return "workflow version not found";
  return entry.is_enabled ? null : `workflow with slug '${slug}' is disabled`;
}

function refused(workflow_slug: string | null, error_code: string, error_description: string): Intents {
  return {
    intents: [],
    problems: [
      { error_code, error_description, error_type: "workflow_trigger", severity: "error", workflow_slug },
    ],
  };
}
