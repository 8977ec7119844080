import type { Condition } from "../core/conditions/conditions.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Lane } from "../core/lane.ts";

/** A workflow as it is stored and as the wire writes it: only the writable fields. */
export interface WorkflowDefinition {
  name: string;
  description: string | null;
  category: string;
  tags: string[];
  trigger_type: string;
  trigger_events: string[];
  payload_schema: { schema: string; version_no?: number } | null;
  ratelimit: { count: number; sliding_window: string } | null;
  conditions: Condition[];
  override_recipients_type: string | null;
  override_recipients_user_expr: string | null;
  override_recipients_single_object_fields_expr: JsonObject | null;
  override_actor_user_expr: string | null;
  override_tenant_expr: string | null;
  tree: { nodes: StoredNode[] };
}

export interface StoredNode {
  node_type: string;
  name: string;
  description: string | null;
  ref: string;
  schema_version: string;
  properties: JsonObject;
  branches?: StoredBranch[];
}

export interface StoredBranch {
  name: string;
  description: string | null;
  ref: string;
  is_default: boolean;
  is_terminal: boolean;
  conditions: Json[];
  nodes: StoredNode[];
}

/** A version with its node settings parsed, which the engine walks. Compiled once per version and process. */
export interface CompiledWorkflow {
  slug: string;
  name: string;
  version_id: string;
  version_no: number;
  /** When the version was committed. */
  version_at: Date;
  category: string;
  lane: Lane;
  definition: WorkflowDefinition;
  nodes: CompiledNode[];
  /** Slugs of the templates that the delivery nodes use, to be loaded before a walk. */
  templates: string[];
  /** Slugs of the workflows that its nodes trigger. */
  invokes: string[];
  /** True when a condition depends on the status of messages. */
  asks_for_messages: boolean;
}

export interface CompiledNode {
  type: string;
  ref: string;
  name: string;
  /** Parsed settings; null if they could not be parsed, with the reason in `problem`. */
  config: unknown;
  problem: string | null;
  branches?: CompiledBranch[];
}

export interface CompiledBranch {
  name: string;
  ref: string;
  is_default: boolean;
  is_terminal: boolean;
  /** As parsed by the type of its node. */
  conditions: unknown;
  nodes: CompiledNode[];
}
