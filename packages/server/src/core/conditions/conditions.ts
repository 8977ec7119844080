import { z } from "zod";
import {
  type Key,
  lookUp,
  type Namespaces,
  type Operand,
  parseKey,
  parseOperand,
  resolveOperand,
  NAMESPACES,
} from "./condition-operand.ts";
import { OPERATORS, VALUE_OPS } from "./condition-operators.ts";
import { isJsonObject, type Json } from "../json.ts";
import { getOwn } from "../json/json-path.ts";

/**
 * The condition language of triggers, branches, waits and template variants. A list of conditions is OR-ed, each
 * condition is a group of leaves; groups may nest, which the wire's own editor writes out as an OR of ANDs.
 *
 * Evaluation is total: whatever is stored and whatever the data looks like, a leaf that makes no sense is false. Every
 * leaf is evaluated, even when the outcome is already known, because the log explains all of them.
 */
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const valueLeaf = z
  .object({
    /** Empty, null or absent: the payload. */
    variable_ns: z.enum(["", ...NAMESPACES]).nullish(),
    variable: z.string().min(1),
    op: z.enum(VALUE_OPS),
    value: z.union([scalar, z.array(scalar)]).optional(),
  })
  .refine(({ op, value }) => value !== undefined || op === "EMPTY" || op === "NON_EMPTY", {
    path: ["value"],
    error: "is required for this op",
  });

/** Status of the messages of the send node `ref`. */
const statusLeaf = z
  .object({
    variable_ns: z.literal("$ref"),
    ref: z.string().min(1),
    variable: z.literal("message_status"),
    op: z.enum(["IS", "IS_NOT"]),
    value: z.enum(["$message.delivered", "$message.seen", "$message.clicked", "$message.delivery_failed"]),
  })
  .refine(({ op, value }) => op === "IS" || value !== "$message.delivery_failed", {
    path: ["op"],
    error: "IS_NOT is not available for $message.delivery_failed",
  });

type ValueLeaf = z.infer<typeof valueLeaf>;
type StatusLeaf = z.infer<typeof statusLeaf>;
export type ConditionLeaf = ValueLeaf | StatusLeaf;

export interface ConditionGroup {
  op: "AND" | "OR";
  args: (ConditionLeaf | ConditionGroup)[];
}

/** Maximum nesting of groups, including the outermost. */
const MAX_DEPTH = 8;

/** Written out to its full depth instead of recursively: hostile nesting must not overflow the parser. */
function groupSchema(depth: number): z.ZodObject<{
  op: z.ZodEnum<{ AND: "AND"; OR: "OR" }>;
  args: z.ZodArray<z.ZodType<ConditionLeaf | ConditionGroup>>;
}> {
  const arg =
    depth === 1
      ? z.discriminatedUnion("op", [valueLeaf, statusLeaf])
      : z.discriminatedUnion("op", [valueLeaf, statusLeaf, groupSchema(depth - 1)]);
  return z.object({ op: z.enum(["AND", "OR"]), args: z.array(arg) });
}

export const conditionSchema = z.object({
  type: z.literal("expression_v1"),
  expression_v1: groupSchema(MAX_DEPTH),
});

/** The conditions stored by triggers, branches and variants. An empty list always holds. */
export const conditionsSchema = z.array(conditionSchema);

/** The filter of a wait on an event: plain leaves are AND-ed, and the result is OR-ed with the whole conditions. */
export const eventConditionsSchema = z.array(z.union([conditionSchema, valueLeaf]));

/** The parts of a wait's branch besides expressions: the event waited for, and the longest time to wait. */
export const futureEventSchema = z.object({
  type: z.literal("future_event"),
  /** Trimmed: an event name cannot be only white space. */
  event_name: z.string().trim().min(1, "must not be empty").max(255),
  event_conditions: eventConditionsSchema.optional(),
});

export type Condition = z.infer<typeof conditionSchema>;
export type EventCondition = z.infer<typeof eventConditionsSchema>[number];

export interface ConditionScope {
  namespaces: Namespaces;
  /** What `now` means in relative times. */
  now: Date;
  /** Messages of a send node of this run; null if it never ran. */
  messageStatus?: (ref: string) => MessageFacts | null;
}

/** One entry per channel that the node sent on. Later stages imply earlier ones: clicked is also seen and delivered. */
export interface MessageFacts {
  channels: readonly { delivered: boolean; seen: boolean; clicked: boolean; failed: boolean }[];
}

/**
 * The result of one leaf. `left` and `right` are the resolved values, absent where the data has none; they are the
 * run's own values, not copies, so the caller that stores a trace decides how much of them to keep.
 */
export interface LeafTrace {
  variable_ns: string;
  variable: string;
  op: string;
  ref?: string;
  left?: Json;
  right?: Json;
  result: boolean;
  /** A hint for the author about how the right side was parsed. */
  note?: string;
}

export interface ConditionResult {
  result: boolean;
  /** Every leaf in stored order. */
  trace: LeafTrace[];
}

/** True when any of the conditions holds, or when there are none. */
export function evaluateConditions(
  conditions: readonly Condition[] | null | undefined,
  scope: ConditionScope,
): ConditionResult {
  const trace: LeafTrace[] = [];
  const list = listOf(conditions);
  let result = list?.length === 0;
  for (const condition of list ?? []) {
    if (testCondition(condition, { scope, trace, isFilter: false })) result = true;
  }
  return { result, trace };
}

/**
 * Whether an event passes the filter of a wait. `$future_event` holds the event's properties; a leaf without a
 * namespace looks there first and then in the run's payload, where bare keys of a right side are looked up anyway.
 */
export function evaluateEventConditions(
  conditions: readonly EventCondition[] | null | undefined,
  scope: ConditionScope,
): ConditionResult {
  const trace: LeafTrace[] = [];
  const evaluation = { scope, trace, isFilter: true };
  const list = listOf(conditions);
  let leaves = list !== null;
  let groups: boolean | null = null;
  for (const entry of list ?? []) {
    if (isJsonObject(entry) && "type" in entry) groups = testCondition(entry, evaluation) || groups === true;
    else if (!testLeaf(entry, evaluation)) leaves = false;
  }
  return { result: leaves && groups !== false, trace };
}

/**
 * The namespaces that conditions read, on either side of their leaves: `""` for the payload, `$ref` for the status of
 * messages.
 */
export function namespacesRead(conditions: readonly EventCondition[]): ReadonlySet<string> {
  const read = new Set<string>();
  const visit = (arg: ConditionLeaf | ConditionGroup): void => {
    if (isGroup(arg)) return arg.args.forEach(visit);
    read.add(textOf(arg.variable_ns));
    if (arg.variable_ns === "$ref") return;
    const right = parsedLeaf(arg)?.right;
    if (right?.kind === "path") read.add(right.namespace);
    else if (right?.kind === "bare") read.add("");
  };
  for (const condition of conditions) visit("type" in condition ? condition.expression_v1 : condition);
  return read;
}

interface Evaluation {
  scope: ConditionScope;
  trace: LeafTrace[];
  isFilter: boolean;
}

/*
 * Stored conditions can be older than the schema, so nothing about their shape is taken for granted below.
 */

/** A missing list counts as empty; null for a value that is not a list. */
function listOf<T>(conditions: readonly T[] | null | undefined): readonly T[] | null {
  if (conditions === null || conditions === undefined) return [];
  return Array.isArray(conditions) ? conditions : null;
}

function testCondition(condition: unknown, evaluation: Evaluation): boolean {
  if (!isJsonObject(condition) || condition.type !== "expression_v1") return false;
  return isGroup(condition.expression_v1) && testGroup(condition.expression_v1, evaluation, 1);
}

function isGroup(arg: unknown): arg is ConditionGroup {
  return isJsonObject(arg) && (arg.op === "AND" || arg.op === "OR") && Array.isArray(arg.args);
}

function testGroup({ op, args }: ConditionGroup, evaluation: Evaluation, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  let all = true;
  let any = false;
  for (const arg of args) {
    const holds = isGroup(arg) ? testGroup(arg, evaluation, depth + 1) : testLeaf(arg, evaluation);
    if (holds) any = true;
    else all = false;
  }
  return op === "AND" ? all : any;
}

function testLeaf(leaf: unknown, evaluation: Evaluation): boolean {
  if (!isJsonObject(leaf)) return false;
  const trace = traceLeaf(leaf as unknown as ConditionLeaf, evaluation);
  evaluation.trace.push(trace);
  return trace.result;
}

function traceLeaf(leaf: ConditionLeaf, { scope, isFilter }: Evaluation): LeafTrace {
  if (leaf.variable_ns === "$ref") return traceStatus(leaf, scope);
  const base = {
    variable_ns: textOf(leaf.variable_ns),
    variable: textOf(leaf.variable),
    op: textOf(leaf.op),
  };
  const parsed = parsedLeaf(leaf);
  if (parsed === null) return { ...base, result: false, note: "not a valid condition" };
  const { namespaces, now } = scope;
  let left: Json | undefined;
  if (isFilter && base.variable_ns === "") left = lookUp(getOwn(namespaces, "$future_event"), parsed.left);
  if (left === undefined) left = lookUp(getOwn(namespaces, base.variable_ns), parsed.left);
  const right = resolveOperand(parsed.right, namespaces, now);
  return {
    ...base,
    ...(left !== undefined && { left }),
    ...(right !== undefined && { right }),
    result: OPERATORS[leaf.op](left, right),
    ...(parsed.right.kind === "bare" && right === parsed.right.text && { note: "right side taken as text" }),
  };
}

interface ParsedLeaf {
  left: Key;
  right: Operand;
}

/** Leaves live as long as their workflow version, and are parsed once for all its runs. */
const parsedLeaves = new WeakMap<ValueLeaf, ParsedLeaf>();

function parsedLeaf(leaf: ValueLeaf): ParsedLeaf | null {
  const known = parsedLeaves.get(leaf);
  if (known !== undefined) return known;
  if (typeof leaf.variable !== "string" || typeof leaf.op !== "string") return null;
  if (!Object.hasOwn(OPERATORS, leaf.op)) return null;
  const isUnary = leaf.op === "EMPTY" || leaf.op === "NON_EMPTY";
  const parsed = {
    left: parseKey(leaf.variable),
    right: parseOperand(isUnary ? undefined : leaf.value, leaf.op.startsWith("DATETIME_")),
  };
  parsedLeaves.set(leaf, parsed);
  return parsed;
}

function traceStatus(leaf: StatusLeaf, scope: ConditionScope): LeafTrace {
  const [ref, variable, op] = [textOf(leaf.ref), textOf(leaf.variable), textOf(leaf.op)];
  const wanted = textOf(leaf.value)
    .trim()
    .replace(/^\$message\./, "");
  const facts = scope.messageStatus?.(ref) ?? null;
  const reached = statusesOf(facts);
  const isAvailable = TRACKED.has(wanted)
    ? op === "IS" || op === "IS_NOT"
    : op === "IS" && wanted === "delivery_failed";
  return {
    variable_ns: "$ref",
    ref,
    variable,
    op,
    ...(facts !== null && { left: reached }),
    right: wanted,
    result: variable === "message_status" && isAvailable && reached.includes(wanted) === (op === "IS"),
  };
}

const TRACKED: ReadonlySet<string> = new Set(["delivered", "seen", "clicked"]);

/**
 * The statuses that a node's messages have reached together: one channel is enough for each of them, except that
 * `delivery_failed` requires all channels to have failed.
 */
function statusesOf(facts: MessageFacts | null): string[] {
  const channels = facts?.channels ?? [];
  const reached: string[] = [];
  if (channels.some(({ delivered, seen, clicked }) => delivered || seen || clicked))
    reached.push("delivered");
  if (channels.some(({ seen, clicked }) => seen || clicked)) reached.push("seen");
  if (channels.some(({ clicked }) => clicked)) reached.push("clicked");
  if (channels.length > 0 && channels.every(({ failed }) => failed)) reached.push("delivery_failed");
  return reached;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
