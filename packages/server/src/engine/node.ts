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
 * A node type is one file. The engine switches on a node's outcome, never on its type: outcomes are a closed set, node
 * types are open.
 */
export interface NodeDefinition<Config = unknown, Branch = unknown> {
  /** Wire name, as in `node_type`. */
  type: string;
  /** Prefix of refs: `email` gives `email_1`. */
  short: string;
  /** Display name, used where a stored node has none. */
  name: string;
  /** What it sends out of Carillon. A workflow needs at least one such node; conditions may refer to its messages. */
  delivers?: "messages" | "calls";
  /** The channels named in its settings; null where the template or an expression determines them. */
  channels?: (config: Config) => readonly Channel[] | null;
  /** What its settings refer to by slug, to be loaded before a walk. */
  uses?: (config: Config) => { template?: string; workflow?: string };
  /** Chooses between branches. */
  branches?: BranchRules<Branch>;
  /** The node's `properties`. */
  config: z.ZodType<Config>;
  /** The expressions in its settings: one that does not parse is refused at commit. */
  expressions?: (config: Config) => NodeExpression[];
  run: (ctx: NodeContext<Branch>, config: Config) => NodeOutcome;
  /** Called when something it waits for has arrived. Without it the run continues after the node. */
  resume?: (ctx: NodeContext<Branch>, config: Config, woken: Woken) => NodeOutcome;
}

export interface BranchRules<Branch = unknown> {
  /** Number of branches; the last is the default. */
  min: number;
  max: number;
  /** Schema of a branch's `conditions`, for the default and for the others, as passed to the node. */
  conditions: (is_default: boolean) => z.ZodType<Branch>;
  /** The namespaces that the conditions read; see `namespacesRead`. */
  reads?: (conditions: Branch) => ReadonlySet<string>;
  /** The expressions in the conditions, with paths relative to `conditions`. */
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
  /** Its path in `properties`. */
  path: string;
  language: Language;
  source: string;
}

export type NodeOutcome =
  | { kind: "next" }
  /** Go into a branch; the run rejoins after this node unless that branch is terminal. */
  | { kind: "branch"; index: number }
  /** Sleep until a time or until one of the topics occurs. Survives restarts; ten years are fine. */
  | ({ kind: "suspend" } & Suspension)
  /** Only from `resume` after a signal: it was not what the run waits for. */
  | { kind: "wait" }
  /** Leave the chunk to make a call; the reply puts the run back. */
  | { kind: "call"; call: HttpCall }
  /** Perform an effect in this transaction, in bulk with those of other runs; see `requestEffect`. */
  | EffectRequest
  /** Regular end of the run. */
  | { kind: "exit"; message: string; facts?: StepFacts }
  /** End of the run with an error in its log. */
  | { kind: "fail"; code: StepCode; message: string };

export interface Suspension {
  until: Date;
  /** What may wake it earlier. */
  on?: Topic[];
  /** Passed to `resume`. */
  memo?: Json;
  /** The batch that this run carries: deleted if the run ends without closing it. */
  batch_id?: string;
}

/** Something a run can wait for: an event by name, `PROFILE_CHANGED`, `TENANT_CHANGED` or `MESSAGE_CHANGED`. */
export interface Topic {
  name: string;
  /** The `distinct_id` of an event, the stored id of a profile, the id of a tenant, the id of the run. */
  key: string;
}

export const PROFILE_CHANGED = "$profile";
export const TENANT_CHANGED = "$tenant";
/** Something became of a message of the run; the key is the run's id. */
export const MESSAGE_CHANGED = "$message";

export function isEventTopic({ name }: Topic): boolean {
  return name !== PROFILE_CHANGED && name !== TENANT_CHANGED && name !== MESSAGE_CHANGED;
}

export type Woken =
  | { by: "time" }
  | { by: "event"; name: string; properties: JsonObject }
  | { by: "profile" }
  | { by: "message" }
  | { by: "tenant" }
  | { by: "reply"; reply: HttpReply };

export interface EffectRequest<Type extends keyof Effects = keyof Effects> {
  kind: "effect";
  type: Type;
  request: Effects[Type]["request"];
  answer: (result: Effects[Type]["result"]) => NodeOutcome;
}

export const next: NodeOutcome = { kind: "next" };

/** Logs why the node could not do its work; the run continues with the next node. */
export function giveUp(ctx: Pick<NodeContext, "log">, code: StepCode, reason: string): NodeOutcome {
  ctx.log("error", "node_failed", reason, { code });
  return next;
}

/** Requests an effect; `answer` says how the run continues with its result, in the same transaction. */
export function requestEffect<Type extends keyof Effects>(
  type: Type,
  request: Effects[Type]["request"],
  answer: (result: Effects[Type]["result"]) => NodeOutcome,
): NodeOutcome {
  return { kind: "effect", type, request, answer };
}

/** What a node sees and may do. All of it is in memory; changes are written with the run. */
export interface NodeContext<Branch = unknown> {
  /** The run's clock for this transaction. */
  now: Date;
  /** Trigger data and everything earlier nodes merged into it. */
  data: JsonObject;
  run: RunFacts;
  node: { ref: string; name: string };
  /** This node's branches, in order; empty for nodes without branches. */
  branches: NodeBranch<Branch>[];
  /** What this node stored when it suspended the run. */
  memo: Json;
  /** Evaluates a condition list against the run; the trace has each leaf's values. */
  test: (conditions: Condition[]) => { result: boolean; trace: Json };
  /** Evaluates the filter of a wait on an event with these properties. */
  testEvent: (conditions: EventCondition[], properties: JsonObject) => { result: boolean; trace: Json };
  /** The call whose reply woke this node; null otherwise. */
  call: HttpCall | null;
  /** Evaluates an expression over the run's payload, or `data` in its place, and people. */
  evaluate: (language: Language, source: string, data?: JsonObject) => Evaluated;
  /** Merges shallowly, for the rest of the run: each key replaces the payload's. */
  merge: (values: JsonObject) => void;
  /** Replaces the payload by a batch's, `$batched_events` and the like; the previous one is kept in `run`. */
  mergeBatch: (batch: GatheredBatch) => void;
  /** Makes the event that ended a wait available as `$future_event` for the rest of the run. */
  keepEvent: (properties: JsonObject) => void;
  /** Adds one entry to the run's step log. */
  log: (...step: Logged) => void;
  /** Computes channels for the recipient, renders, and passes messages to delivery in this run's transaction. */
  deliver: (request: DeliveryRequest) => void;
  /** Records a call in the message log, where it counts as a message. */
  recordCall: (record: CallRecord) => void;
}

export interface RunFacts {
  id: string;
  workflow_slug: string;
  tenant_id: string;
  recipient: PersonFacts;
  actor: PersonFacts | null;
  /**
   * The user whose events concern this run, by `distinct_id`: the recipient; for an object or a recipient who is only
   * an address, the actor. Null where neither is a user.
   */
  events_of: string | null;
  /** IANA names; null where not set. */
  recipient_timezone: string | null;
  account_timezone: string | null;
  /** When this version of the workflow was committed: the base of schedules without a start. */
  version_at: Date;
  /** How often the recipient wants digests of the workflow's category; null where it has no schedule. */
  category_digest: CategorySchedule | null;
  /** What the run's last batch or digest gathered; null before the first. */
  gathered: { items: JsonObject[]; count: number } | null;
  /** The payload before the first batch of this run; the payload itself where there was none. */
  data_before_batch: JsonObject;
}

export interface GatheredBatch {
  /** The retained items. */
  items: JsonObject[];
  /** Number of all gathered items. */
  count: number;
  /** What its triggers have in common, as text; null where batches have no key, or none was found. */
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
  /** Null: it was answered successfully. */
  failure: string | null;
}

export function defineNode<Config, Branch = unknown>(
  definition: NodeDefinition<Config, Branch>,
): NodeDefinition<Config, Branch> {
  return definition;
}
