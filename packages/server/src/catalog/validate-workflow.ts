import { conditionsSchema } from "../core/conditions.ts";
import { parseDuration } from "../core/duration.ts";
import { isJsonObject } from "../core/json.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { schemaProblems } from "./schema-problems.ts";
import { statusRefProblems } from "./status-refs.ts";
import { validateTree } from "./validate-tree.ts";
import { workflowEvents } from "./workflow-events.ts";
import type { WorkflowDefinition } from "./workflow.ts";

/** What a workflow is checked against besides itself. */
export interface WorkflowFacts {
  /** True for the slug of a published category. */
  isCategory: (slug: string) => boolean;
  /** Of the templates that the workflow names, those with a live channel. */
  liveTemplates: ReadonlySet<string>;
}

const MAX_EVENT_NAME = 255;

/**
 * Everything that keeps a draft from being committed, as `"<ref or field>: <reason>"`; empty when it is sound.
 * `category`, templates and node types are looked at as they are now, so a workflow can become invalid by itself.
 */
export function validateWorkflow(
  definition: WorkflowDefinition,
  nodes: ReadonlyMap<string, NodeDefinition>,
  facts: WorkflowFacts,
): string[] {
  const { nodes: tree } = definition.tree;
  return [
    ...validateHead(definition, facts),
    ...validateTrigger(definition),
    ...validateTree(tree, nodes, facts.liveTemplates),
    ...statusRefProblems(definition.conditions, tree),
    ...workflowEvents(definition)
      .filter(({ event_name }) => event_name.length > MAX_EVENT_NAME)
      .map(
        ({ event_name }) =>
          `${event_name.slice(0, 20)}…: event names have at maximum ${MAX_EVENT_NAME} characters`,
      ),
  ];
}

function validateHead({ name, category, ratelimit }: WorkflowDefinition, facts: WorkflowFacts): string[] {
  const problems: string[] = [];
  if (name.trim() === "") problems.push("name: is a required field");
  if (category === "") problems.push("category: is a required field");
  else if (!facts.isCategory(category)) problems.push(`category: category '${category}' not found`);
  if (ratelimit !== null) {
    if (ratelimit.count < 1) problems.push("ratelimit.count: must be at least 1");
    const window = parseDuration(ratelimit.sliding_window);
    if (window === null) problems.push("ratelimit.sliding_window: must be a duration like 1d2h30m");
    if (window === 0) problems.push("ratelimit.sliding_window: must not be zero");
  }
  return problems;
}

function validateTrigger(definition: WorkflowDefinition): string[] {
  const { trigger_type, trigger_events, conditions } = definition;
  const problems = schemaProblems(conditionsSchema, conditions, ["conditions"]);
  if (trigger_type !== "event" && trigger_type !== "api") {
    problems.push("trigger_type: must be one of ['event' 'api']");
  }
  // An API workflow may carry the settings of events; they have no effect there.
  if (trigger_type !== "event") return problems;
  if (trigger_events.length === 0) problems.push("trigger_events: must contain at least 1 item");
  for (const [index, name] of trigger_events.entries()) {
    if (name.trim() === "") problems.push(`trigger_events[${index}]: must not be empty`);
  }
  return [...problems, ...validateOverrides(definition)];
}

function validateOverrides(definition: WorkflowDefinition): string[] {
  switch (definition.override_recipients_type) {
    case null:
      return [];
    case "user": {
      const expression = definition.override_recipients_user_expr;
      return isExpression(expression) ? [] : ["override_recipients_user_expr: is a required field"];
    }
    case "single_object_fields": {
      const fields = definition.override_recipients_single_object_fields_expr;
      return ["id", "object_type"]
        .filter((field) => !isJsonObject(fields) || !isExpression(fields[field]))
        .map((field) => `override_recipients_single_object_fields_expr.${field}: is a required field`);
    }
    default:
      return ["override_recipients_type: must be one of ['user' 'single_object_fields']"];
  }
}

function isExpression(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}
