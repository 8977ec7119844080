import { isJsonObject } from "../core/json.ts";
import type { StoredNode, WorkflowDefinition } from "./workflow.ts";

export type EventUsage = "Trigger Event" | "Wait Event" | "Success Metric Event";

export interface WorkflowEvent {
  /** Trimmed, as events are when they come, and lower-cased: names match without case. */
  event_name: string;
  usage: EventUsage;
}

/** The events a workflow reacts to and how, each pair once. */
export function workflowEvents({ trigger_type, trigger_events, tree }: WorkflowDefinition): WorkflowEvent[] {
  const found = new Map<string, WorkflowEvent>();
  function add(name: string, usage: EventUsage): void {
    const event_name = name.trim().toLowerCase();
    // A draft that is not finished, which validation tells.
    if (event_name === "") return;
    found.set(`${usage} ${event_name}`, { event_name, usage });
  }
  function visit({ properties, branches }: StoredNode): void {
    if (properties.success_is_event === true && typeof properties.success === "string") {
      add(properties.success, "Success Metric Event");
    }
    for (const branch of branches ?? []) {
      for (const condition of branch.conditions) {
        if (!isJsonObject(condition) || condition.type !== "future_event") continue;
        if (typeof condition.event_name === "string") add(condition.event_name, "Wait Event");
      }
      branch.nodes.forEach(visit);
    }
  }
  if (trigger_type === "event") for (const name of trigger_events) add(name, "Trigger Event");
  tree.nodes.forEach(visit);
  return [...found.values()];
}
