import { z } from "zod";
import {
  type Condition,
  conditionSchema,
  type EventCondition,
  futureEventSchema,
  namespacesRead,
} from "../core/conditions/conditions.ts";
import type { JsonObject } from "../core/json.ts";
import {
  defineNode,
  MESSAGE_CHANGED,
  type NodeContext,
  type NodeOutcome,
  PROFILE_CHANGED,
  TENANT_CHANGED,
  type Topic,
} from "../engine/node.ts";
import { delaySettings, resolveTarget, targetExpressions, type WaitTarget } from "./shared/wait-target.ts";

/**
 * Waits for something to happen, up to a maximum time. The first branch lists events of the run's user, each with a
 * filter, or conditions; any one is enough. The default branch is taken when the time is up first.
 */
type Branch =
  | { kind: "awaited"; events: AwaitedEvent[]; conditions: Condition[]; watches: Watched }
  | { kind: "timeout"; target: WaitTarget };

interface AwaitedEvent {
  event_name: string;
  event_conditions: EventCondition[];
}

/**
 * The data read by the conditions that may change while the run waits. Changes of preferences send no signal: their
 * current values count when one of these changes.
 */
interface Watched {
  recipient: boolean;
  actor: boolean;
  tenant: boolean;
  messages: boolean;
}

const awaited = z
  .array(
    z.discriminatedUnion("type", [futureEventSchema, conditionSchema], {
      error: "must have the type future_event or expression_v1",
    }),
  )
  .min(1, "must contain at least 1 item")
  .transform((entries): Branch => {
    const conditions = entries.filter((entry) => entry.type === "expression_v1");
    const read = namespacesRead(conditions);
    return {
      kind: "awaited",
      events: entries
        .filter((entry) => entry.type === "future_event")
        .map(({ event_name, event_conditions = [] }) => ({
          event_name,
          event_conditions,
        })),
      conditions,
      watches: {
        recipient: read.has("$recipient"),
        actor: read.has("$actor"),
        tenant: read.has("$tenant") || read.has("$brand"),
        messages: read.has("$ref"),
      },
    };
  });

const ONE_DELAY = "the default branch of a wait must have exactly one condition of type 'delay'";

const timeout = z
  .array(z.unknown())
  .refine(isOneDelay, ONE_DELAY)
  .pipe(z.tuple([z.object({ type: z.literal("delay"), delay_properties: delaySettings })]))
  .transform(([{ delay_properties }]): Branch => ({ kind: "timeout", target: delay_properties }));

function isOneDelay(entries: unknown[]): boolean {
  const [entry] = entries;
  return (
    entries.length === 1 &&
    typeof entry === "object" &&
    entry !== null &&
    "type" in entry &&
    entry.type === "delay"
  );
}

export default defineNode({
  type: "branch_waituntil",
  short: "wait",
  name: "Wait until",
  branches: {
    min: 2,
    max: 2,
    conditions: (is_default) => (is_default ? timeout : awaited),
    reads: (branch) =>
      branch.kind === "timeout"
        ? new Set()
        : namespacesRead([...branch.conditions, ...branch.events.flatMap((event) => event.event_conditions)]),
    expressions: (branch) =>
      branch.kind === "awaited"
        ? []
        : targetExpressions(branch.target, "value").map((expression) => ({
            ...expression,
            path: `[0].delay_properties.${expression.path}`,
          })),
  },
  config: z.looseObject({}).nullish(),
  /** The time is computed once, on entry. Events count from here on; conditions may be true already. */
  run(ctx) {
    const found = findBranches(ctx);
    if (found === null) return incomplete;
    const { until, condition } = found;
    const target = resolveTarget(ctx, until.target, "wait");
    if (!target.ok) return target.outcome;
    const held = testConditions(ctx, condition);
    if (held !== null) return held;
    if (target.at <= ctx.now) return timeIsUp(ctx, until);
    const on = topicsOf(ctx, condition);
    if (condition.events.length > 0 && ctx.run.events_of === null) {
      ctx.log("info", "waiting", "neither the recipient nor the actor is a user: no event can end this wait");
    }
    return { kind: "suspend", until: target.at, on };
  },
  resume(ctx, _config, woken) {
    const found = findBranches(ctx);
    if (found === null) return incomplete;
    const { until, condition } = found;
    switch (woken.by) {
      case "time":
        return timeIsUp(ctx, until);
      case "profile":
      case "tenant":
      case "message":
        return testConditions(ctx, condition) ?? { kind: "wait" };
      case "event":
        return testEvent(ctx, condition, woken.name, woken.properties);
      case "reply":
        return { kind: "wait" };
    }
  },
});

type Context = NodeContext<Branch>;
type Placed<Kind extends Branch["kind"]> = Extract<Branch, { kind: Kind }> & {
  index: number;
  name: string;
  ref: string;
};

function findBranches(ctx: Context): { condition: Placed<"awaited">; until: Placed<"timeout"> } | null {
  let condition: Placed<"awaited"> | null = null;
  let until: Placed<"timeout"> | null = null;
  for (const [index, { name, ref, conditions }] of ctx.branches.entries()) {
    if (conditions.kind === "awaited") condition ??= { ...conditions, index, name, ref };
    else until ??= { ...conditions, index, name, ref };
  }
  return condition === null || until === null ? null : { condition, until };
}

/** Refused at commit; a version stored by other means may still contain it. */
const incomplete: NodeOutcome = {
  kind: "fail",
  code: "wait_incomplete",
  message: "wait: needs one branch with what it waits for, and a default branch with the longest time",
};

/**
 * Topics that may end the wait early. Events are the user's own; conditions that only read the payload have no topic.
 */
function topicsOf({ run }: Context, { events, watches }: Placed<"awaited">): Topic[] {
  const { recipient, actor, events_of } = run;
  const topics: Topic[] =
    events_of === null ? [] : events.map(({ event_name }) => ({ name: event_name, key: events_of }));
  const profiles = [
    watches.recipient ? recipient.recipient_id : null,
    watches.actor ? actor?.recipient_id : null,
  ];
  for (const key of new Set(profiles)) {
    if (typeof key === "string") topics.push({ name: PROFILE_CHANGED, key });
  }
  if (watches.tenant) topics.push({ name: TENANT_CHANGED, key: run.tenant_id });
  if (watches.messages) topics.push({ name: MESSAGE_CHANGED, key: run.id });
  return topics;
}

/** Null while the conditions are not true. */
function testConditions(
  ctx: Context,
  { conditions, index, name, ref }: Placed<"awaited">,
): NodeOutcome | null {
  // An empty list of conditions would be true: here it means that only events are waited for.
  if (conditions.length === 0) return null;
  const { result, trace } = ctx.test(conditions);
  if (!result) return null;
  ctx.log("info", "expression_evaluated", `branch '${name}': true`, {
    branch: ref,
    result,
    conditions: trace,
  });
  return { kind: "branch", index };
}

/** The same event may be listed several times with different filters: the first that passes is logged. */
function testEvent(
  ctx: Context,
  { events, index, name, ref }: Placed<"awaited">,
  event_name: string,
  properties: JsonObject,
): NodeOutcome {
  for (const event of events) {
    if (event.event_name.toLowerCase() !== event_name.toLowerCase()) continue;
    const { result, trace } = ctx.testEvent(event.event_conditions, properties);
    if (!result) continue;
    ctx.keepEvent(properties);
    ctx.log("info", "expression_evaluated", `branch '${name}': event '${event_name}' came`, {
      branch: ref,
      event: event_name,
      conditions: trace,
    });
    return { kind: "branch", index };
  }
  return { kind: "wait" };
}

function timeIsUp(ctx: Context, { index, name, ref }: Placed<"timeout">): NodeOutcome {
  ctx.log("info", "expression_evaluated", `branch '${name}': the time was up`, { branch: ref });
  return { kind: "branch", index };
}
