import { z } from "zod";
import { type Channel, isChannel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { type ExpressionCheck, expressionProblems } from "./expression-problems.ts";
import { checkValue } from "./schema-problems.ts";
import type { WorkflowFacts } from "./workflow-facts.ts";
import type { StoredBranch, StoredNode } from "./workflow.ts";

/** What workflows are written in: the types of nodes by wire name, and the languages of their settings. */
export interface WorkflowRules {
  nodes: ReadonlyMap<string, NodeDefinition>;
  expressions: ExpressionCheck;
}

/** Branches where none belong: there is no saying what is wrong inside them. */
const anything = z.unknown();

/** What is wrong with one node and with the conditions of its branches, but not with what is inside those. */
export function validateNode(node: StoredNode, rules: WorkflowRules, facts: WorkflowFacts): string[] {
  const { ref, node_type, branches = [] } = node;
  const definition = rules.nodes.get(node_type);
  if (definition === undefined) return [`${ref}: node_type '${node_type}' is not supported`];
  const problems = [
    ...settingsProblems(node, definition, rules, facts),
    ...countBranches(branches, definition),
  ];
  return [
    ...problems.map((problem) => `${ref}: ${problem}`),
    ...branches.flatMap((branch) =>
      conditionProblems(branch, definition, rules).map((problem) => `${branch.ref}: ${problem}`),
    ),
  ];
}

/** The nodes that have no choice: what they send on. All others say so in their settings, or send on what there is. */
export const SENDS_ON: ReadonlyMap<string, readonly Channel[]> = new Map<string, readonly Channel[]>([
  ["send_email", ["email"]],
  ["send_sms", ["sms"]],
  ["send_whatsapp", ["whatsapp"]],
  ["send_inbox", ["inbox"]],
  ["send_mobile_push", ["androidpush", "iospush"]],
  ["send_webpush", ["webpush"]],
  ["send_slack", ["slack"]],
  ["send_ms_teams", ["ms_teams"]],
]);

/** Null where any channel of the template will do, and where an expression decides in each run. */
function wantedChannels(node_type: string, properties: JsonObject): readonly Channel[] | null {
  const fixed = SENDS_ON.get(node_type);
  if (fixed !== undefined) return fixed;
  const { channels, channels_expr } = properties;
  if (typeof channels_expr === "string" || !Array.isArray(channels)) return null;
  const wanted = channels.filter(isChannel);
  return wanted.length === 0 ? null : wanted;
}

function settingsProblems(
  { node_type, properties }: StoredNode,
  { config, delivers, expressions }: NodeDefinition,
  rules: WorkflowRules,
  facts: WorkflowFacts,
): string[] {
  const checked = checkValue(config, properties);
  const problems = checked.ok
    ? expressionProblems(expressions?.(checked.value) ?? [], rules.expressions)
    : checked.problems;
  const { template } = properties;
  if (delivers === true && typeof template === "string") {
    const refusal = facts.refuseTemplate(template, wantedChannels(node_type, properties));
    if (refusal !== null) problems.push(`template: ${refusal}`);
  }
  return problems;
}

function conditionProblems(
  { is_default, conditions }: StoredBranch,
  { branches }: NodeDefinition,
  { expressions }: WorkflowRules,
): string[] {
  const checked = checkValue(branches?.conditions(is_default) ?? anything, conditions, ["conditions"]);
  if (!checked.ok) return checked.problems;
  const placed = (branches?.expressions?.(checked.value) ?? []).map((expression) => ({
    ...expression,
    path: `conditions${expression.path}`,
  }));
  return expressionProblems(placed, expressions);
}

function countBranches(branches: readonly StoredBranch[], { branches: allowed }: NodeDefinition): string[] {
  if (allowed === undefined) return branches.length === 0 ? [] : ["branches: this node type takes none"];
  const { min, max } = allowed;
  const problems: string[] = [];
  if (branches.length < min || branches.length > max) {
    problems.push(`branches: must be ${min === max ? `exactly ${min}` : `${min} to ${max}`}`);
  }
  const defaults = branches.filter((branch) => branch.is_default);
  if (defaults.length !== 1) problems.push("branches: exactly one must have is_default");
  else if (defaults[0] !== branches.at(-1)) problems.push("branches: the default must be the last");
  return problems;
}
