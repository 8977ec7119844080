import { statusRefProblems } from "./status-refs.ts";
import { validateNode, type WorkflowRules } from "./validate-node.ts";
import { impossibleEventProblems } from "./workflow-events.ts";
import type { WorkflowFacts } from "./workflow-facts.ts";
import type { StoredNode, WorkflowDefinition } from "../../catalog/workflow.ts";

const MAX_NODES = 200;
/** The maximum nesting of branches. */
const MAX_NESTING = 10;

/**
 * Problems of the tree as a whole, then of its nodes in order, then of conditions that name nodes, then of events by
 * which the workflow could never start or continue. If the tree is too large, only that is reported: nobody reads the
 * rest, and computing it has no bound.
 */
export function validateTree(
  definition: Pick<WorkflowDefinition, "tree" | "conditions" | "trigger_type" | "trigger_events">,
  rules: WorkflowRules,
  facts: WorkflowFacts,
): string[] {
  const { conditions } = definition;
  const { nodes: tree } = definition.tree;
  const placed = listNodes(tree, 0);
  if (placed.length > MAX_NODES) {
    return [`tree: has ${placed.length} nodes, at maximum ${MAX_NODES} are allowed`];
  }
  const problems: string[] = [];
  if (!placed.some(({ node }) => rules.nodes.get(node.node_type)?.delivers !== undefined)) {
    problems.push("tree: must contain at least one node that sends a notification or calls an HTTP API");
  }
  const nesting = placed.reduce((deepest, node) => Math.max(deepest, node.nesting), 0);
  if (nesting > MAX_NESTING) {
    problems.push(`tree: branches are nested ${nesting} deep, at maximum ${MAX_NESTING} levels are allowed`);
  }
  problems.push(...duplicateRefs(placed.map(({ node }) => node)));
  for (const { node } of placed) problems.push(...validateNode(node, rules, facts));
  return [
    ...problems,
    ...statusRefProblems(conditions, tree, rules.nodes),
    ...impossibleEventProblems(definition),
  ];
}

interface PlacedNode {
  node: StoredNode;
  nesting: number;
}

function listNodes(tree: readonly StoredNode[], nesting: number): PlacedNode[] {
  return tree.flatMap((node) => [
    { node, nesting },
    ...(node.branches ?? []).flatMap((branch) => listNodes(branch.nodes, nesting + 1)),
  ]);
}

function duplicateRefs(nodes: readonly StoredNode[]): string[] {
  const uses = new Map<string, number>();
  const refs = nodes.flatMap(({ ref, branches }) => [ref, ...(branches ?? []).map((branch) => branch.ref)]);
  for (const ref of refs) uses.set(ref, (uses.get(ref) ?? 0) + 1);
  return [...uses]
    .filter(([, count]) => count > 1)
    .map(([ref, count]) => `${ref}: this ref is used by ${count} nodes and branches, it must be unique`);
}
