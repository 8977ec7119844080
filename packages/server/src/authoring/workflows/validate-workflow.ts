import { shorten } from "../../core/text/text.ts";
import { conditionsSchema } from "../../core/conditions/conditions.ts";
import { parseDuration } from "../../core/time/duration.ts";
import { type ExpressionCheck, expressionProblems } from "../expression-problems.ts";
import { schemaProblems } from "../schema-problems.ts";
import type { WorkflowRules } from "./validate-node.ts";
import { validateTree } from "./validate-tree.ts";
import type { WorkflowFacts } from "./workflow-facts.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/** Nobody reads more of them, and every read of the workflow returns them. */
const MAX_PROBLEMS = 100;
/** Refs, keys and expressions in a problem can have any length. */
const MAX_TEXT = 500;

/**
 * Everything that prevents a draft from being committed, as `"<ref or field>: <reason>"`; empty if it can be.
 * Categories, templates, payload schemas, invoked workflows and node types are checked in their current state, so a
 * workflow can become invalid without a change. An invoked workflow must exist, but need not be live: two that trigger
 * each other could otherwise never be committed, and a run that finds one not live logs an error and continues.
 */
export function validateWorkflow(
  definition: WorkflowDefinition,
  rules: WorkflowRules,
  facts: WorkflowFacts,
): string[] {
  const problems = [
    ...validateHead(definition, facts),
    ...validateTrigger(definition, rules.expressions, facts),
    ...validateTree(definition, rules, facts),
  ];
  const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => shorten(problem, MAX_TEXT));
  const more = problems.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${more} more`];
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

function validateTrigger(
  definition: WorkflowDefinition,
  expressions: ExpressionCheck,
  facts: WorkflowFacts,
): string[] {
  const { trigger_type, conditions } = definition;
  const problems = schemaProblems(conditionsSchema, conditions, ["conditions"]);
  // Either kind may have the settings of the other; they have no effect there.
  switch (trigger_type) {
    case "api":
      return [...problems, ...validateLink(definition, facts)];
    case "event":
      return [...problems, ...validateEvents(definition), ...validateOverrides(definition, expressions)];
    case "dynamic":
      // Created by an inline trigger, which has checked it; clients cannot write one.
      return problems;
    default:
      return [...problems, "trigger_type: must be one of ['event' 'api']"];
  }
}

function validateLink({ payload_schema }: WorkflowDefinition, facts: WorkflowFacts): string[] {
  const refusal = payload_schema === null ? null : facts.refuseSchema(payload_schema);
  return refusal === null ? [] : [`payload_schema: ${refusal}`];
}

function validateEvents({ trigger_events }: WorkflowDefinition): string[] {
  if (trigger_events.length === 0) return ["trigger_events: must contain at least 1 item"];
  return trigger_events.flatMap((name, index) =>
    name.trim() === "" ? [`trigger_events[${index}]: must not be empty`] : [],
  );
}

const OBJECT_FIELDS = "override_recipients_single_object_fields_expr";
const REQUIRED = ["id", "object_type"];
const DEPTH = "$object_subscriptions_query.depth";

function validateOverrides(definition: WorkflowDefinition, expressions: ExpressionCheck): string[] {
  const optional = (["override_actor_user_expr", "override_tenant_expr"] as const).filter(
    (field) => definition[field] !== null && definition[field] !== "",
  );
  return [
    ...validateRecipients(definition, expressions),
    ...optional.flatMap((field) => validateJq(field, definition[field], expressions)),
  ];
}

function validateRecipients(definition: WorkflowDefinition, expressions: ExpressionCheck): string[] {
  switch (definition.override_recipients_type) {
    case null:
      return [];
    case "user":
      return validateJq(
        "override_recipients_user_expr",
        definition.override_recipients_user_expr,
        expressions,
      );
    case "single_object_fields": {
      const given = definition[OBJECT_FIELDS] ?? {};
      const fields = Object.hasOwn(given, DEPTH) && given[DEPTH] !== null ? [...REQUIRED, DEPTH] : REQUIRED;
      return fields.flatMap((field) => {
        const source = Object.hasOwn(given, field) ? given[field] : null;
        // An id, or a depth, that somebody wrote as the number that it is.
        if (Number.isSafeInteger(source)) return [];
        return validateJq(`${OBJECT_FIELDS}.${field}`, source, expressions);
      });
    }
    default:
      return ["override_recipients_type: must be one of ['user' 'single_object_fields']"];
  }
}

function validateJq(path: string, source: unknown, expressions: ExpressionCheck): string[] {
  if (source === null || source === undefined || source === "") return [`${path}: is a required field`];
  if (typeof source !== "string") {
    return [`${path}: must be text: a jq expression such as .account, or a literal in quotes`];
  }
  return expressionProblems([{ path, language: "jq", source }], expressions);
}
