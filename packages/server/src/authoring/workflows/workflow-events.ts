import { cut } from "../../core/text/text.ts";
import { MAX_EVENT_NAME, parseEventRecord } from "../../core/event-record.ts";
import { isJsonObject } from "../../core/json.ts";
import type { StoredNode, WorkflowDefinition } from "../../catalog/workflow.ts";

export type EventUsage = "Trigger Event" | "Wait Event" | "Success Metric Event";

export interface WorkflowEvent {
  /** Trimmed, like incoming events, and lower-cased: names match case-insensitively. */
  event_name: string;
  usage: EventUsage;
}

/** The events a workflow reacts to and how, without duplicates. */
export function workflowEvents(definition: EventSettings): WorkflowEvent[] {
  const found = new Map<string, WorkflowEvent>();
  for (const { name, usage } of namedEvents(definition)) {
    const event_name = name.trim().toLowerCase();
    // An unfinished draft, which validation reports.
    if (event_name !== "") found.set(`${usage} ${event_name}`, { event_name, usage });
  }
  return [...found.values()];
}

/** Events that are named but can never occur, as `"<ref or field>: <reason>"`. */
export function impossibleEventProblems(definition: EventSettings): string[] {
  return namedEvents(definition).flatMap(({ place, name }) => {
    const reason = eventNameProblem(name);
    return reason === null ? [] : [`${place}: the event '${shown(name.trim())}' can never come, ${reason}`];
  });
}

const MAX_SHOWN = 255;

function shown(name: string): string {
  return name.length > MAX_SHOWN ? `${cut(name, 20)}…` : name;
}

type EventSettings = Pick<WorkflowDefinition, "trigger_type" | "trigger_events" | "tree">;

interface NamedEvent {
  /** Where the name is used. */
  place: string;
  name: string;
  usage: EventUsage;
}

function namedEvents({ trigger_type, trigger_events, tree }: EventSettings): NamedEvent[] {
  const found: NamedEvent[] = [];
  function visit({ ref, properties, branches }: StoredNode): void {
    if (properties.success_is_event === true && typeof properties.success === "string") {
      found.push({ place: `${ref}: success`, name: properties.success, usage: "Success Metric Event" });
    }
    for (const branch of branches ?? []) {
      for (const [index, condition] of branch.conditions.entries()) {
        if (!isJsonObject(condition) || condition.type !== "future_event") continue;
        if (typeof condition.event_name !== "string") continue;
        const place = `${branch.ref}: conditions[${index}].event_name`;
        found.push({ place, name: condition.event_name, usage: "Wait Event" });
      }
      branch.nodes.forEach(visit);
    }
  }
  if (trigger_type === "event") {
    for (const [index, name] of trigger_events.entries()) {
      found.push({ place: `trigger_events[${index}]`, name, usage: "Trigger Event" });
    }
  }
  tree.nodes.forEach(visit);
  return found;
}

const RESERVED = /^(?:\$|ss_)/i;
/** Events that the product itself emits about lists. */
const LIST_EVENT = /^\$user_(?:entered|exited)_list - \S/i;

/**
 * Why no event of this name is ever accepted, which is what the endpoints of events say of it; null if one may come.
 * Names are compared without regard to case. A blank one is a draft's, and reported as missing.
 */
export function eventNameProblem(given: string): string | null {
  const name = given.trim();
  if (name === "") return null;
  if (name.length > MAX_EVENT_NAME) return `its name must be at most ${MAX_EVENT_NAME} characters`;
  if (LIST_EVENT.test(name)) return null;
  const sent = parseEventRecord({ event: name.toLowerCase(), distinct_id: "somebody" });
  if (sent.ok && sent.value.kind === "event") return null;
  if (sent.ok || RESERVED.test(name)) return "names that begin with $ or ss_ are reserved";
  return sent.message.replace(/^event: /, "its name ");
}
