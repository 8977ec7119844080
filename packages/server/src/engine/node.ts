import type { Logged, StepCode, StepFacts } from "../core/log/step-log.ts";
import type { z } from "zod";
import type { Channel } from "../core/channel.ts";
import type { Condition, EventCondition } from "../core/conditions/conditions.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { CategorySchedule } from "../core/schedule/category-schedule.ts";
import type { Effects } from "./effect.ts";
import type { Evaluated, Language } from "../expressions/expressions.ts";
import type { HttpCall, HttpReply } from "../core/http-call.ts";

/**
 * A node type is one file. The engine switches on what a node answers, never on what a node is: outcomes are a
 * closed set, kinds of node are open.
 */
export interface NodeDefinition<Config = unknown, Branch = unknown> {
  /** Wire name, as in `node_type`. */
  type: string;
  /** What refs are made of: `email` gives `email_1`. */
  short: string;
  /** Human name, used where a stored node has none. */
  name: string;
  /** What leaves Carillon through it. A workflow needs at least one such node; conditions may ask for its messages. */
  delivers?: "messages" | "calls";
  /** The channels that its settings name; null where these are what its template has, or an expression gives. */
  channels?: (config: Config) => readonly Channel[] | null;
  /** What its settings refer to by slug, so that it is loaded before a walk. */
  uses?: (config: Config) => { template?: string; workflow?: string };
  /** Chooses between branches. */
  branches?: BranchRules<Branch>;
  /** The node's `properties`. */
  config: z.ZodType<Config>;
  /** The expressions among its settings: what does not parse is refused at commit. */
  expressions?: (config: Config) => NodeExpression[];
  run: (ctx: NodeContext<Branch>, config: Config) => NodeOutcome;
  /** What it answers when something it waits for has come. Without it the run goes on after the node. */
  resume?: (ctx: NodeContext<Branch>, config: Config, woken: Woken) => NodeOutcome;
}

export interface BranchRules<Branch = unknown> {
  /** How many; one of them is the default, and the last. */
  min: number;
  max: number;
  /** What a branch stores under `conditions`, the default and the others, as the node is handed it. */
  conditions: (is_default: boolean) => z.ZodType<Branch>;
  /** The namespaces that they read; see `namespacesRead`. */
  reads?: (conditions: Branch) => ReadonlySet<string>;
  /** The expressions among them, placed from `conditions` on. */
  expressions?: (conditions: Branch) => NodeExpression[];
}

/** A branch as its node sees it. */
export interface NodeBranch<Conditions = unknown> {
  name: string;
  ref: string;
  is_default: boolean;
  conditions: Conditions;
}

export interface NodeExpression {
  /** Where it stands in `properties`. */
  path: string;
  language: Language;
  source: string;
}

export type NodeOutcome =
  | { kind: "next" }
  /** Go into a branch; the run rejoins after this node unless that branch is terminal. */
  | { kind: "branch"; index: number }
  /** Sleep until a time or until one of the topics is heard of. Survives restarts; ten years are fine. */
  | ({ kind: "suspend" } & Suspension)
  /** Only from `resume` of a signal: it was not what the run waits for. */
  | { kind: "wait" }
  /** Leave the chunk for the network; the reply puts the run back. */
  | { kind: "call"; call: HttpCall }
  /** Have something done in this transaction, in bulk with what other runs want; see `requestEffect`. */
  | EffectRequest
  /** End of the run, in peace. */
  | { kind: "exit"; message: string; facts?: StepFacts }
  /** End of the run with an error in its log. */
  | { kind: "fail"; code: StepCode; message: string };

export interface Suspension {
  until: Date;
  /** What may wake it earlier. */
  on?: Topic[];
  /** Handed back to `resume`. */
  memo?: Json;
  /** The batch that this run carries: it goes when the run ends otherwise than by closing it. */
  batch_id?: string;
}

/** Something that may happen: an event by name, `PROFILE_CHANGED` or `TENANT_CHANGED`. */
export interface Topic {
  name: string;
  /** The `distinct_id` of an event, the stored id of a profile, the id of a tenant. */
  key: string;
}

export const PROFILE_CHANGED = "$profile";
export const TENANT_CHANGED = "$tenant";

export type Woken =
  | { by: "time" }
  | { by: "event"; name: string; properties: JsonObject }
  | { by: "profile" }
  | { by: "tenant" }
  | { by: "reply"; reply: HttpReply };

export interface EffectRequest<Type extends keyof Effects = keyof Effects> {
  kind: "effect";
  type: Type;
  request: Effects[Type]["request"];
  answer: (result: Effects[Type]["result"]) => NodeOutcome;
}

export const next: NodeOutcome = { kind: "next" };

/** Asks for an effect; `answer` says how the run goes on with its result, in the same transaction. */
export function requestEffect<Type extends keyof Effects>(
  type: Type,
  request: Effects[Type]["request"],
  answer: (result: Effects[Type]["result"]) => NodeOutcome,
): NodeOutcome {
  return { kind: "effect", type, request, answer };
}

/** What a node sees and may do. Everything is in memory; what must be written is written with the run. */
export interface NodeContext<Branch = unknown> {
  /** The run's clock for this transaction. */
  now: Date;
  /** Trigger data and everything earlier nodes merged into it. */
  data: JsonObject;
  run: RunFacts;
  node: { ref: string; name: string };
  /** Of this node, in order; empty for nodes without branches. */
  branches: NodeBranch<Branch>[];
  /** What this node left when it suspended the run. */
  memo: Json;
  /** Evaluates a condition list against the run; the trace has each leaf's values. */
  test: (conditions: Condition[]) => { result: boolean; trace: Json };
  /** Evaluates the filter of a wait on an event with these properties. */
  testEvent: (conditions: EventCondition[], properties: JsonObject) => { result: boolean; trace: Json };
  /** The call whose reply woke this node; null in everything else. */
  call: HttpCall | null;
  /** Evaluates an expression over the run's payload, or `data` in its place, and people. */
  evaluate: (language: Language, source: string, data?: JsonObject) => Evaluated;
  /** Shallow: each key replaces the payload's. For the rest of the run. */
  merge: (values: JsonObject) => void;
  /** The payload becomes a batch's, `$batched_events` and their like; what it was before is kept for `run`. */
  mergeBatch: (batch: GatheredBatch) => void;
  /** The event that ended a wait is `$future_event` for the rest of the run. */
  keepEvent: (properties: JsonObject) => void;
  /** Adds one entry to the run's step log. */
  log: (...step: Logged) => void;
  /** Computes channels for the recipient, renders, and hands messages to delivery with this run's transaction. */
  deliver: (request: DeliveryRequest) => void;
  /** A call that counts as a message, for the message log. */
  recordCall: (record: CallRecord) => void;
}

export interface RunFacts {
  id: string;
  workflow_slug: string;
  tenant_id: string;
  recipient: PersonFacts;
  actor: PersonFacts | null;
  /**
   * Whose events concern this run, by `distinct_id`: the recipient's; for an object, or somebody who is only an
   * address, the actor's. Null where neither is a user.
   */
  events_of: string | null;
  /** IANA names; null where nobody said. */
  recipient_timezone: string | null;
  account_timezone: string | null;
  /** When this version of the workflow was committed: schedules without a start are counted from there. */
  version_at: Date;
  /** How often the recipient wants digests of the workflow's category; null where that has none. */
  category_digest: CategorySchedule | null;
  /** What the run's last batch or digest had gathered; null before one. */
  gathered: { items: JsonObject[]; count: number } | null;
  /** The payload before the first batch of this run; the payload itself where there was none. */
  data_before_batch: JsonObject;
}

export interface GatheredBatch {
  /** What was retained. */
  items: JsonObject[];
  /** Of all that was gathered. */
  count: number;
  /** What its triggers had in common, as text; null where batches have no key, or none was found. */
  key: string | null;
}

export interface PersonFacts {
  /** Empty for users. */
  object_type: string;
  distinct_id: string;
  /** Null for people who are not stored. */
  recipient_id: string | null;
}

export interface DeliveryRequest {
  template: string;
  /** Null: every live channel of the template. */
  channels: Channel[] | null;
  /** Send one after the other until `success`; absent: all at once. */
  routing?: Routing;
}

export interface Routing {
  ttl_ms: number;
  mandatory_channels: Channel[];
  /** `delivered`, `seen`, `interaction`, or an event's name. */
  success: string;
  success_is_event: boolean;
}

export interface CallRecord {
  request: JsonObject;
  response: JsonObject;
  /** Null: it was answered well. */
  failure: string | null;
}

export function defineNode<Config, Branch = unknown>(
  definition: NodeDefinition<Config, Branch>,
): NodeDefinition<Config, Branch> {
  return definition;
}
