import { z } from "zod";
import type { NodeDefinition } from "../../engine/node.ts";
import { type ExpressionCheck, expressionProblems } from "../expression-problems.ts";
import { checkValue } from "../schema-problems.ts";
import type { WorkflowFacts } from "./workflow-facts.ts";
import type { StoredBranch, StoredNode } from "../../catalog/workflow.ts";

/** The vocabulary of workflows: node types by wire name, and the languages of their settings. */
export interface WorkflowRules {
  nodes: ReadonlyMap<string, NodeDefinition>;
  expressions: ExpressionCheck;
}

/** Schema for branches on a node that has none: their content cannot be checked. */
const anything = z.unknown();

/** Problems of one node and the conditions of its branches, but not of the nodes inside them. */
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

function settingsProblems(
  { properties }: StoredNode,
  { config, channels, uses, expressions }: NodeDefinition,
  rules: WorkflowRules,
  facts: WorkflowFacts,
): string[] {
  const checked = checkValue(config, properties);
  const problems = checked.ok
    ? expressionProblems(expressions?.(checked.value) ?? [], rules.expressions)
    : checked.problems;
  const template = checked.ok ? uses?.(checked.value).template : undefined;
  if (checked.ok && template !== undefined) {
    const refusal = facts.refuseTemplate(template, channels?.(checked.value) ?? null);
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
