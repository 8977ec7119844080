import type { CompiledNode, CompiledWorkflow } from "../catalog/workflow.ts";
import type { Tenant } from "../catalog/catalog.ts";
import type { LiveTemplate } from "../catalog/template.ts";
import type { Channel } from "../core/channel.ts";
import type { StoredIdentity } from "../core/identity.ts";
import type { JsonObject } from "../core/json.ts";
import type { Position, RunStatus, Severity } from "../core/run-state.ts";
import type { StoredRecipient } from "../recipients/recipients.ts";
import type { Workspace } from "../workspaces/workspaces.ts";
import type { VendorTable } from "./vendor-choice.ts";

/** A run in memory: one recipient's way through one version of a workflow. */
export interface Run {
  workspace_id: number;
  id: string;
  request_id: string;
  parent_run_id: string | null;
  workflow: CompiledWorkflow;
  object_type: string;
  /** Of the user or object; synthetic (`_transient_…`) for people who are never stored. */
  distinct_id: string;
  recipient_id: string | null;
  tenant_id: string;
  idempotency_key: string;
  cancellation_key: string | null;
  actor: Person | null;
  inline: InlineProfile | null;
  data: JsonObject;
  /** False while `data` is what the request said: then it is not stored again. */
  data_changed: boolean;
  status: RunStatus;
  position: Position | null;
  wake_at: Date | null;
  steps: Step[];
}

/** Who acted, as the trigger named them: stored people by id, everybody with what was said inline. */
export interface Person {
  object_type: string;
  distinct_id: string;
  recipient_id: string | null;
  properties: JsonObject;
}

/** What a trigger said about its recipient beyond the id: it holds for this run only. */
export interface InlineProfile {
  properties: JsonObject;
  /** Channels given inline use only these identities. */
  identities: StoredIdentity[];
  /** `$channels` of the trigger. */
  only: Channel[] | null;
  is_transient: boolean;
}

/** One entry of the step log. Keys are short because every run carries it; the log API names them in full. */
export interface Step {
  /** Epoch milliseconds. */
  t: number;
  /** Node ref; absent for what concerns the whole run. */
  n?: string;
  /** Stage. */
  s: string;
  /** Severity; absent for info. */
  l?: Exclude<Severity, "info">;
  /** Message. */
  m: string;
  /** Values seen. */
  p?: JsonObject;
}

/** A message that this run wants sent, as it is inserted. */
export interface NewMessage {
  workspace_id: number;
  tenant_id: string;
  id: string;
  run: Run;
  node_ref: string;
  template_slug: string;
  template_version_no: number;
  variant_id: string;
  channel: Channel;
  provider: string;
  identity_key: string;
  channel_value: string | JsonObject;
  content: JsonObject | null;
  attachments: unknown[] | null;
  vendor_config_id: string | null;
  vendor_slug: string | null;
  status: "triggered" | "delivered" | "trigger_failed";
  failure_reason: string | null;
  /** The job that will send it; set when jobs are planned. */
  lease: string | null;
  /** Stored with the message: it is delivered by that. */
  inbox_item: JsonObject | null;
}

/** Everything a chunk of runs needs, loaded once. */
export interface Surroundings extends Configuration {
  now: Date;
  /** By recipient id. */
  recipients: Map<string, StoredRecipient>;
}

/** What is the same for all recipients of a workflow and tenant. */
export interface Configuration {
  workspaces: Map<number, Workspace>;
  vendors: Map<number, VendorTable>;
  /** By `workspace_id/tenant_id`. */
  tenants: Map<string, Tenant | null>;
  /** By `workspace_id/slug`. */
  templates: Map<string, LiveTemplate | null>;
}

export function addStep(
  run: Run,
  now: Date,
  node: Pick<CompiledNode, "ref"> | null,
  severity: Severity,
  stage: string,
  message: string,
  properties?: JsonObject,
): void {
  run.steps.push({
    t: now.getTime(),
    ...(node === null ? {} : { n: node.ref }),
    s: stage,
    ...(severity === "info" ? {} : { l: severity }),
    m: message,
    ...(properties === undefined ? {} : { p: properties }),
  });
}

export function severitiesOf(steps: readonly Step[]): Severity[] {
  return steps.map(({ l }) => l ?? "info");
}
