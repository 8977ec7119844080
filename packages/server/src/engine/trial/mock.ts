import type { CompiledWorkflow } from "../../catalog/workflow.ts";
import type { JsonObject } from "../../core/json.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { Queryable } from "../../db/db.ts";
import { type RecipientKey, recipientKey, type StoredRecipient } from "../../recipients/recipients.ts";
import { readNows } from "../../workspaces/clock.ts";
import { loadConfiguration } from "../chunk/chunk-data.ts";
import { type RunScope, scopeOf } from "../chunk/scope.ts";
import { compileWith } from "../compile.ts";
import { withLinks } from "../compose/links.ts";
import type { StageDeps } from "../deps.ts";
import { newRun, type RequestRow, type RunSeed } from "../expand/intent.ts";
import { batchedPayload, type ChunkData, type Configuration, type Run } from "../run.ts";
import { trialWorkflow } from "./trial-workflow.ts";

/** A trigger that never came: what templates are written and tried with. */
export interface MockTrigger {
  workspace_id: number;
  /** Null: the default tenant. */
  tenant_id: string | null;
  payload: JsonObject;
  /** How often the payload is repeated in `$batched_events`. */
  batch_count: number;
  /** One that is not stored, like null, gives an empty `$recipient` or `$actor`. */
  recipient: RecipientKey | null;
  actor: RecipientKey | null;
}

/** A run that has not begun, and what it sees. */
export interface MockRun {
  run: Run;
  chunkData: ChunkData;
  scope: RunScope;
  recipient: StoredRecipient | null;
}

/** What templates print for the key of a batch, as nothing was gathered. Source: templates.md 2.6. */
const BATCH_KEY = "evaluated batch_key";

/** What a template sees of a mock trigger: the context of a run with this payload and these people. */
export async function mockContext(mock: MockTrigger, deps: StageDeps): Promise<JsonObject> {
  const { run, scope, chunkData } = await previewRun(mock, deps);
  return withLinks(run, scope, chunkData, null);
}

/** A run of no request, on a workflow that is not stored. */
export async function previewRun(mock: MockTrigger, deps: StageDeps): Promise<MockRun> {
  const { workspace_id } = mock;
  const workflow = compileWith(deps.nodes)(trialWorkflow("", "transactional").definition, {
    slug: "",
    version_id: "",
    version_no: 0,
    version_at: new Date(0),
  });
  const configuration = await loadMockConfiguration(mock, workflow, deps);
  const request: RequestRow = {
    workspace_id,
    id: "",
    api_type: "dynamic",
    name: "",
    tenant_id: mock.tenant_id,
    idempotency_key: "",
    cancellation_key: null,
    body: {},
    created_at: new Date(0),
    parent_run_id: null,
    depth: null,
  };
  return mockRun(deps.db, mock, { request, workflow, configuration }, {}, deps);
}

/** Read before a transaction; see `loadConfiguration` for the reason. */
export function loadMockConfiguration(
  { workspace_id, tenant_id }: MockTrigger,
  workflow: CompiledWorkflow,
  deps: StageDeps,
): Promise<Configuration> {
  return loadConfiguration([{ workspace_id, tenant_id: tenant_id ?? DEFAULT_TENANT, workflow }], deps);
}

export interface MockSource {
  request: RequestRow;
  workflow: CompiledWorkflow;
  configuration: Configuration;
}

export async function mockRun(
  db: Queryable,
  mock: MockTrigger,
  { request, workflow, configuration }: MockSource,
  given: Partial<RunSeed>,
  deps: StageDeps,
): Promise<MockRun> {
  const { workspace_id, payload, batch_count } = mock;
  const tenant_id = mock.tenant_id ?? DEFAULT_TENANT;
  const now = (await readNows(db, [workspace_id], await deps.clock(db))).get(workspace_id);
  if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
  const people = [mock.recipient, mock.actor].filter((key) => key !== null);
  const stored = await deps.recipients.load(db, workspace_id, people, [tenant_id]);
  const find = (key: RecipientKey | null) => (key === null ? null : (stored.get(recipientKey(key)) ?? null));
  const [recipient, actor] = [find(mock.recipient), find(mock.actor)];
  const intent = {
    request,
    workflow,
    tenant_id,
    data: payload,
    recipients: [],
    actor: null,
    creates: false,
    page: null,
  };
  const seed: RunSeed = {
    id: "",
    parent_run_id: null,
    parent_object: null,
    object_type: mock.recipient?.object_type ?? "",
    distinct_id: mock.recipient?.distinct_id ?? "",
    recipient_id: recipient?.id ?? null,
    actor: actor === null ? null : { ...keyOf(actor), recipient_id: actor.id, properties: {} },
    inline: null,
    ...given,
  };
  const run = newRun(intent, seed, now);
  const batch = {
    items: Array.from({ length: batch_count }, () => payload),
    count: batch_count,
    key: BATCH_KEY,
  };
  run.data = batchedPayload(payload, batch);
  run.data_changed = true;
  const chunkData: ChunkData = {
    ...configuration,
    recipients: new Map([recipient, actor].flatMap((one) => (one === null ? [] : [[one.id, one]]))),
    messages: new Map(),
    choices: new Map(),
  };
  const scope = scopeOf(run, chunkData);
  if (recipient === null && run.inline === null) {
    Object.assign(scope.context, { $recipient: {}, $user: {} });
    scope.namespaces.$recipient = {};
  }
  return { run, chunkData, scope, recipient };
}

function keyOf({ object_type, distinct_id }: RecipientKey): RecipientKey {
  return { object_type, distinct_id };
}
