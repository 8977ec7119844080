import type { JsonObject } from "../../src/core/json.ts";
import { createRandom, type Random } from "../random.ts";
import { type Ask, type CancelFilter, createModel, type Model, type Told } from "./model.ts";
import type { Awaited, Branch, Field, Group, Leaf, Node, Workflow } from "./tree.ts";

/**
 * Random stories: several workflows, and a sequence of events. Value ranges are deliberately small, two or three values
 * for everything, so that things coincide: triggers find open batches, events find waits, clocks stop where something
 * is due.
 */
export interface Story {
  workflows: Workflow[];
  steps: Step[];
}

export type Step =
  | ({ kind: "trigger" } & Ask)
  | ({ kind: "event" } & Told)
  | { kind: "advance"; to: number }
  /** `pick` chooses among the runs that exist by then. */
  | { kind: "cancel"; by: CancelFilter["by"]; pick: number }
  | { kind: "commit"; workflow: Workflow };

export const START = Date.UTC(2024, 6, 18, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Longer than any wait in a story. */
export const LONG = 90 * DAY;

export const RECIPIENTS = ["ann", "bob", "cy"];
/** The last of them has no phone. */
export const can = (recipient: string, channel: string): boolean => channel === "inbox" || recipient !== "cy";
const TENANTS = ["default", "acme"];
const COLORS = ["red", "blue"];
const EVENTS = ["opened", "paid"];
const STARTING = "signed up";
const DEEPEST = 3;

/** Deterministic for a seed: a story whose outcome the spec determines. */
export function makeStory(seed: number): Story {
  const random = createRandom(seed);
  const workflows = Array.from({ length: random.between(1, 3) }, (_, index) => makeWorkflow(random, index));
  const steps = makeSteps(random, workflows);
  return determined({ workflows, steps });
}

/** Plays a story on the model alone, to its end. */
export function rehearse({ workflows, steps }: Story): { model: Model; undeterminedAt: number | null } {
  const model = createModel(START, can);
  for (const workflow of workflows) model.commit(workflow);
  for (const [index, step] of steps.entries()) {
    take(model, step);
    if (model.undetermined()) return { model, undeterminedAt: index };
  }
  model.advance(model.now() + LONG);
  return { model, undeterminedAt: model.undetermined() ? steps.length : null };
}

/** The filter of a cancel step at this point of the story; null if there is nothing to cancel. */
export function filterOf(
  { runs }: Model,
  { by, pick }: Extract<Step, { kind: "cancel" }>,
): CancelFilter | null {
  const run = runs[pick % Math.max(1, runs.length)];
  if (run === undefined) return null;
  switch (by) {
    case "run":
      return { by, run: run.id };
    case "trigger":
      return { by, key: run.request.key };
    case "recipient":
      return { by, recipient: run.recipient, workflow: pick % 2 === 0 ? run.workflow.slug : null };
  }
}

function take(model: Model, step: Step): void {
  switch (step.kind) {
    case "trigger":
      model.trigger(step);
      break;
    case "event":
      model.event(step);
      break;
    case "advance":
      model.advance(step.to);
      break;
    case "commit":
      model.commit(step.workflow);
      break;
    case "cancel": {
      const filter = filterOf(model, step);
      if (filter !== null) model.cancel(filter);
      break;
    }
  }
}

/**
 * Leaves out steps that would make two runs of a recipient reach a batch at the same moment: the spec does not order
 * them.
 */
function determined(story: Story): Story {
  for (let { steps } = story; ;) {
    const { undeterminedAt } = rehearse({ ...story, steps });
    if (undeterminedAt === null) return { ...story, steps };
    const last = steps.findLastIndex(
      ({ kind }, index) => index <= undeterminedAt && (kind === "trigger" || kind === "event"),
    );
    steps = steps.filter((_, index) => index !== last);
  }
}

function makeSteps(random: Random, workflows: Workflow[]): Step[] {
  const asked = workflows.filter(({ event }) => event === null);
  const steps: Step[] = [];
  const keys: string[] = [];
  let minutes = 0;
  const count = random.between(10, 30);
  for (let index = 0; index < count; index++) {
    const key = keys.length > 0 && random.chance(0.06) ? random.pick(keys) : `k${index}`;
    const dice = random.below(100);
    if (dice < 42 && asked.length > 0) {
      const recipients = random.shuffle(RECIPIENTS).slice(0, random.pick([1, 1, 1, 2, 3]));
      const tenant = random.chance(0.8) ? "default" : random.pick(TENANTS);
      const { slug } = random.pick(asked);
      steps.push({ kind: "trigger", workflow: slug, recipients, tenant, key, data: makeData(random, index) });
      keys.push(key);
    } else if (dice < 66) {
      const event = random.chance(0.3) ? STARTING : random.pick(EVENTS);
      const recipient = random.pick(RECIPIENTS);
      steps.push({ kind: "event", event, recipient, key: `k${index}`, properties: makeData(random, index) });
    } else if (dice < 90) {
      minutes += random.chance(0.15) ? random.between(600, 4000) : random.between(1, 90);
      // Slightly off the minute, each by a different amount, or everything would be due at once.
      steps.push({ kind: "advance", to: START + minutes * MINUTE + index * 997 });
    } else if (dice < 97) {
      steps.push({
        kind: "cancel",
        by: random.pick(["run", "trigger", "recipient"]),
        pick: random.below(1000),
      });
    } else {
      const workflow = random.pick(workflows);
      const added: Node = { kind: "send", ref: `more_${index}`, channel: "inbox" };
      steps.push({ kind: "commit", workflow: { ...workflow, nodes: [...workflow.nodes, added] } });
    }
  }
  return steps;
}

function makeData(random: Random, n: number): JsonObject {
  return { n, color: random.pick(COLORS), level: random.below(4), seconds: random.pick([60, 600, 5400]) };
}

function makeWorkflow(random: Random, index: number): Workflow {
  const named = createNames();
  const is_started = random.chance(0.25);
  const throttle = { count: random.between(1, 3), minutes: random.pick([5, 60, 1440]) };
  return {
    slug: `w${index}`,
    category: random.pick(["system", "transactional", "promotional"]),
    event: is_started ? STARTING : null,
    conditions: random.chance(0.2) ? [makeGroup(random, "payload")] : [],
    throttle: random.chance(0.3) ? throttle : null,
    // A workflow without a delivery node cannot be committed.
    nodes: [...makeNodes(random, named, 1), { kind: "send", ref: named("send"), channel: "inbox" }],
  };
}

type Names = (kind: string) => string;

function createNames(): Names {
  let count = 0;
  return (kind) => `${kind}_${++count}`;
}

function makeNodes(random: Random, named: Names, depth: number): Node[] {
  const count = depth === 1 ? random.between(1, 4) : random.between(0, 2);
  return Array.from({ length: count }, () => makeNode(random, named, depth));
}

function makeNode(random: Random, named: Names, depth: number): Node {
  const kinds = ["delay", "send", "send", "transform", "batch", "batch", "batch", "digest"] as const;
  const deeper = depth < DEEPEST ? (["branch", "branch", "wait", "wait", "wait"] as const) : [];
  const kind = random.pick([...kinds, ...deeper]);
  const ref = named(kind);
  const retain = { count: random.pick([1, 2, 10]), order: random.pick(["first", "last"] as const) };
  const minutes = random.pick([0, 1, 10, 30, 45, 600]);
  const branch = (): Branch => makeBranch(random, named, depth + 1);
  switch (kind) {
    case "delay":
      return { kind, ref, minutes };
    case "send":
      return { kind, ref, channel: random.pick(["sms", "inbox"]) };
    case "transform": {
      const set = random.pick(["note", "next level", "red", "note", "next level", "red", "failure"] as const);
      return { kind, ref, set };
    }
    case "batch": {
      const key = random.chance(0.3) ? random.pick<Field>(["color", "level", "note"]) : null;
      const window = random.chance(0.25) ? ("seconds" as const) : { minutes: random.pick([5, 60, 600]) };
      return { kind, ref, retain, key, window, leading: random.chance(0.4) };
    }
    case "digest": {
      const weekdays = random.chance(0.3) ? random.shuffle([0, 1, 2, 3, 4, 5, 6]).slice(0, 3) : null;
      const least = random.chance(0.4) ? random.between(1, 3) : null;
      return { kind, ref, retain, weekdays, hour: random.below(24), least };
    }
    case "branch": {
      const count = random.between(1, 3);
      const branches = Array.from({ length: count }, () => ({
        ...branch(),
        when: [makeGroup(random, "payload")],
      }));
      return { kind, ref, branches, otherwise: branch() };
    }
    case "wait": {
      const events = Array.from({ length: random.between(1, 2) }, () => makeAwaited(random));
      const holds = random.chance(0.15) ? [makeGroup(random, "payload")] : [];
      return { kind, ref, holds, events, minutes, come: branch(), late: branch() };
    }
  }
}

function makeBranch(random: Random, named: Names, depth: number): Branch {
  const ref = named("way");
  return { ref, is_terminal: random.chance(0.25), nodes: makeNodes(random, named, depth) };
}

function makeAwaited(random: Random): Awaited {
  const leaf = () => makeLeaf(random, random.chance(0.8) ? "event" : "payload");
  return {
    event: random.pick([...EVENTS, STARTING]),
    leaves: random.chance(0.3) ? [leaf()] : [],
    groups: random.chance(0.2) ? [makeGroup(random, "event"), makeGroup(random, "event")] : [],
  };
}

function makeGroup(random: Random, of: Leaf["of"]): Group {
  const leaves = Array.from({ length: random.between(1, 2) }, () => makeLeaf(random, of));
  return { op: random.pick(["AND", "OR"]), leaves };
}

function makeLeaf(random: Random, of: Leaf["of"]): Leaf {
  const field = random.pick<Field>(["color", "level", "note", "$batched_events_count"]);
  if (random.chance(0.2)) return { of, field, op: random.pick(["==", "!="]), to: { field: "color" } };
  if (field === "color")
    return { of, field, op: random.pick(["==", "!="]), to: { value: random.pick(COLORS) } };
  const op = random.pick(["==", "!=", ">", "<"] as const);
  return { of, field, op, to: { value: random.below(4) } };
}
