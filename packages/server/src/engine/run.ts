import { isBroadcastId } from "../core/broadcast-id.ts";
import type { Logged, Step } from "../core/log/step-log.ts";
import type { Member } from "../queue/job.ts";
import type { CompiledNode, CompiledWorkflow } from "../catalog/workflow.ts";
import type { Attachment } from "../core/attachments.ts";
import type { WorkflowEntry } from "../catalog/catalog.ts";
import type { LiveTemplate } from "../catalog/live-template.ts";
import type { Tenant } from "../catalog/tenant.ts";
import type { Channel } from "../core/channel.ts";
import type { StoredIdentity } from "../core/profile/identity.ts";
import type { Translations } from "../core/translations/lookup.ts";
import type { MessageFacts } from "../core/conditions/conditions.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Position, RunStatus, Severity } from "../core/run-state.ts";
import type { ChoiceLookup } from "../preferences/choices.ts";
import type { LivePolicy } from "../preferences/preferences.ts";
import type { StoredRecipient } from "../recipients/recipients.ts";
import type { Workspace } from "../workspaces/workspaces.ts";
import type { Who } from "./effect.ts";
import type { HttpCall } from "../core/http-call.ts";
import type { Topic, Woken } from "./node.ts";
import type { VendorTable } from "../core/vendor-choice.ts";

/** A run in memory: one recipient's path through one version of a workflow. */
export interface Run {
  workspace_id: number;
  id: string;
  request_id: string;
  /** The run, or the broadcast, that it is part of. */
  parent_run_id: string | null;
  workflow: CompiledWorkflow;
  object_type: string;
  /** The user's or object's; synthetic (`_transient_…`) for people who are never stored. */
  distinct_id: string;
  recipient_id: string | null;
  tenant_id: string;
  idempotency_key: string;
  cancellation_key: string | null;
  actor: Person | null;
  inline: InlineProfile | null;
  data: JsonObject;
  /** False while `data` equals the request's: then it is not stored again. */
  data_changed: boolean;
  status: RunStatus;
  position: Position | null;
  wake_at: Date | null;
  /** The run's time: its workspace's clock, one instant for a whole transaction. */
  now: Date;
  memory: RunMemory;
  steps: Step[];
  /** The object whose fan-out made this run: `object_type/id`. */
  parent_object: string | null;
  /** What is written with it besides its row. */
  left: LeftBehind;
  /** Made by this transaction: it has not waited yet. */
  is_new: boolean;
}

/** What a run keeps between walks besides position and payload: its row's `state`. */
export interface RunMemory {
  /** What it waits for at its position. Absent in a run that was put back to enter its node again. */
  wait?: Wait;
  /** The call it waits for, until the reply arrives. */
  call?: HttpCall;
  /** Properties of the event that ended a wait. */
  future_event?: JsonObject;
  /** How many triggers the last batch it went through gathered. */
  gathered?: number;
  /** Keys of inline profiles that no longer apply, because this run has written them to the stored profile. */
  overwritten?: Partial<Record<Who, string[]>>;
  /** Its payload before the first batch it went through. */
  data_before_batch?: JsonObject;
  /** How many workflows triggered each other before this one. */
  depth?: number;
  /** Where an error ended it: a redrive enters that node again. */
  failed_at?: string;
}

/** Something that may end a wait: an event, a reply, a change of a profile or tenant. */
export interface Signal {
  wait_id: string;
  at: Date;
  woken: Woken;
}

export interface Wait {
  id: string;
  /** Reached without an earlier wait: events count that were accepted after the run's request. */
  counts_from_trigger?: true;
  /** ISO-8601; null for a call, which has its own timeout. */
  until: string | null;
  topics?: Topic[];
  memo?: Json;
  batch_id?: string;
}

/** Rows inserted or deleted when the run is written. */
export interface LeftBehind {
  /** It starts to wait for topics, or for a reply. */
  began: Wait | null;
  /** It no longer waits for its topics. */
  stoppedListening: boolean;
  /** Batches that it carried and did not close. */
  batches: string[];
}

export function nothingLeft(): LeftBehind {
  return { began: null, stoppedListening: false, batches: [] };
}

/** The actor, as named by the trigger: stored people by id, all with the inline data. */
export interface Person {
  object_type: string;
  distinct_id: string;
  recipient_id: string | null;
  properties: JsonObject;
}

/** What a trigger said about its recipient beyond the id: valid for this run only. */
export interface InlineProfile {
  properties: JsonObject;
  /** Channels given inline use only these identities. */
  identities: StoredIdentity[];
  /** `$channels` of the trigger. */
  only: Channel[] | null;
  is_transient: boolean;
  /** Properties of the subscription through which an object's run reached this one. */
  subscription?: JsonObject;
}

/** A message that this run sends, as it is inserted. */
export interface NewMessage {
  workspace_id: number;
  tenant_id: string;
  id: string;
  run: Run;
  node_ref: string;
  /** Null for calls of webhook nodes, as are the other two. */
  template_slug: string | null;
  template_version_no: number | null;
  variant_id: string | null;
  channel: Channel | "webhook";
  provider: string;
  identity_key: string;
  channel_value: string | JsonObject | null;
  content: JsonObject | null;
  /** Request and response of a webhook node. */
  webhook_data: JsonObject | null;
  attachments: Attachment[] | null;
  vendor_config_id: string | null;
  vendor_slug: string | null;
  status:
    | "triggered"
    | "delivered"
    | "trigger_failed"
    | "trigger_blocked"
    | "to_be_triggered"
    | "not_to_be_triggered";
  failure_reason: string | null;
  /** The job that will send it; set when jobs are planned. */
  lease: string | null;
  /** Stored with the message, which counts as delivered by that. */
  inbox_item: JsonObject | null;
  /** Its place in a smart routing; null for messages of other nodes. */
  smart: SmartPlace | null;
}

export interface SmartPlace {
  /** From 1 in the sequence; 0 if outside it. */
  step: number;
  success_metric: string;
  success_is_event: boolean;
  /** Achieved as soon as the message is stored. */
  achieved: boolean;
  /** Time from the start to its turn; null: it has none. */
  wait_ms: number | null;
  gap_ms: number;
  /** The address is part of the recipient's profile. */
  is_stored: boolean;
  /** Whose event would end the routing, and until when; null where no event would. */
  goal: { key: string; until: Date } | null;
}

/** Everything a chunk of runs needs, loaded once. */
export interface ChunkData extends Configuration {
  /** By recipient id. */
  recipients: Map<string, StoredRecipient>;
  /** By run id and node ref: status of stored messages. Only for workflows that refer to them. */
  messages: Map<string, Map<string, MessageFacts>>;
  /** By workspace: recipients' preferences for the categories of these runs. */
  choices: Map<number, ChoiceLookup>;
}

/** Whatever is the same for all recipients of a workflow and tenant. */
export interface Configuration {
  workspaces: Map<number, Workspace>;
  vendors: Map<number, VendorTable>;
  /** By `workspace_id/tenant_id`; each workspace's default tenant is always included. */
  tenants: Map<string, Tenant | null>;
  /** By `workspace_id/slug`. */
  templates: Map<string, LiveTemplate | null>;
  /** By workspace: the live translations. */
  translations: Map<number, Translations>;
  /** By `workspace_id/tenant_id/category`. */
  policies: Map<string, LivePolicy | null>;
  /** Workflows that these trigger, by `workspace_id/slug`. */
  targets: Map<string, WorkflowEntry | null>;
  /** What templates and expressions see of a tenant, built on first use; by `workspace_id/tenant_id`. */
  places: Map<string, Place>;
}

export interface Place {
  tenant: JsonObject;
  organization: JsonObject;
}

/** A payload with what a batch gathered. */
export function batchedPayload(
  data: JsonObject,
  { items, count, key }: { items: JsonObject[]; count: number; key: string | null },
): JsonObject {
  return {
    ...data,
    $batched_events: items,
    $batched_events_count: count,
    $batched_event_count: count,
    $batch_key: key,
  };
}

/** Adds an entry to the run's step log, about the node or, with null, the whole run. */
export function addStep(
  run: Run,
  node: Pick<CompiledNode, "ref"> | null,
  ...[severity, stage, message, facts]: Logged
): void {
  run.steps.push({
    t: run.now.getTime(),
    ...(node === null ? {} : { n: node.ref }),
    s: stage,
    ...(severity === "info" ? {} : { l: severity }),
    m: message,
    ...(facts === undefined ? {} : { p: facts }),
  });
}

/** The run's recipient or actor; null where there is no actor. */
export function personOf(
  run: Run,
  who: Who,
): { object_type: string; distinct_id: string; recipient_id: string | null } | null {
  return who === "recipient" ? run : run.actor;
}

/**
 * The user whose events count for a run: its recipient; where that is an object or a person who is not stored, its
 * actor. A user's distinct_id, or null where neither is a user with an id.
 */
export function eventsOf(run: Run, chunkData: Pick<ChunkData, "recipients">): string | null {
  const { object_type, inline, actor } = run;
  if (object_type === "" && inline?.is_transient !== true) return idNow(run, chunkData);
  return actor?.object_type === "" && actor.distinct_id !== "" ? idNow(actor, chunkData) : null;
}

/** The id that a person has today: a run keeps the one that its log began with, also after its user was merged. */
export function idNow(
  { distinct_id, recipient_id }: { distinct_id: string; recipient_id: string | null },
  { recipients }: Pick<ChunkData, "recipients">,
): string {
  return (recipient_id === null ? undefined : recipients.get(recipient_id)?.distinct_id) ?? distinct_id;
}

/** The broadcast whose recipient a run is for; null for the runs of triggers and events. */
export function broadcastOf({ parent_run_id }: Run): string | null {
  return parent_run_id !== null && isBroadcastId(parent_run_id) ? parent_run_id : null;
}

/** The run as the queue takes it. */
export function memberOf({ workspace_id, id, tenant_id, workflow: { lane } }: Run): Member {
  return { workspace_id, id, tenant_id, lane };
}

/** Severities of the steps: the step that stopped a run does not count once the run was put back after it. */
export function severitiesOf(steps: readonly Step[]): Severity[] {
  return steps.map(({ l }, index) => (steps[index + 1]?.s === "redriven" ? "info" : (l ?? "info")));
}
