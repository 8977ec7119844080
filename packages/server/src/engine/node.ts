import type { z } from "zod";
import type { Channel } from "../core/channel.ts";
import type { Condition } from "../core/conditions.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Severity } from "../core/run-state.ts";

/**
 * A node type is one file. The engine switches on what a node answers, never on what a node is: outcomes are a
 * closed set, kinds of node are open.
 */
export interface NodeDefinition<Config = unknown> {
  /** Wire name, as in `node_type`. */
  type: string;
  /** What refs are made of: `email` gives `email_1`. */
  short: string;
  /** Human name, used where a stored node has none. */
  name: string;
  /** Delivers something: a workflow needs at least one such node. */
  delivers?: boolean;
  /** Chooses between branches: how many it may have. */
  branches?: { min: number; max: number };
  /** The node's `properties`. */
  config: z.ZodType<Config>;
  run: (ctx: NodeContext, config: Config) => NodeOutcome;
}

export type NodeOutcome =
  | { kind: "next" }
  /** Go into a branch; the run rejoins after this node unless that branch is terminal. */
  | { kind: "branch"; index: number }
  /** Sleep until `until`, then go on after this node. Survives restarts; ten years are fine. */
  | { kind: "suspend"; until: Date }
  /** End of the run, in peace. */
  | { kind: "exit"; message: string }
  /** End of the run with an error in its log. */
  | { kind: "fail"; code: string; message: string };

export const next: NodeOutcome = { kind: "next" };

/** What a node sees and may do. Everything is in memory; what must be written is written with the run. */
export interface NodeContext {
  /** The engine's clock for this transaction. */
  now: Date;
  /** Trigger data and everything earlier nodes merged into it. */
  data: JsonObject;
  /** Conditions of each branch of this node, in order; empty for nodes without branches. */
  branches: { name: string; ref: string; is_default: boolean; conditions: Condition[] }[];
  /** Evaluates a condition list against the run, logging each leaf with the values it saw. */
  test: (conditions: Condition[]) => { result: boolean; trace: Json };
  /** First value of a jq expression over the run's data. */
  jq: (expression: string) => { ok: true; value: Json } | { ok: false; reason: string };
  /** Adds one entry to the run's step log. */
  log: (severity: Severity, stage: string, message: string, properties?: JsonObject) => void;
  /** Computes channels for the recipient, renders, and hands messages to delivery with this run's transaction. */
  deliver: (request: DeliveryRequest) => void;
}

export interface DeliveryRequest {
  template: string;
  /** Null: every live channel of the template. */
  channels: Channel[] | null;
}

export function defineNode<Config>(definition: NodeDefinition<Config>): NodeDefinition<Config> {
  return definition;
}
