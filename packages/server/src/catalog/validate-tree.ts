import { conditionSchema, conditionsSchema, futureEventSchema } from "../core/conditions.ts";
import { isJsonObject, type Json } from "../core/json.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { schemaProblems } from "./schema-problems.ts";
import type { StoredBranch, StoredNode } from "./workflow.ts";

const MAX_NODES = 200;
/** Levels of branches inside branches. */
const MAX_NESTING = 10;

/** The one node type whose branches wait: for events on the one hand, for a time on the other. */
const WAIT = "branch_waituntil";

type Nodes = ReadonlyMap<string, NodeDefinition>;

/** Problems of the tree as a whole, then of its nodes in the order they are written. */
export function validateTree(
  tree: readonly StoredNode[],
  nodes: Nodes,
  liveTemplates: ReadonlySet<string>,
): string[] {
  const placed = listNodes(tree, 0);
  if (placed.length > MAX_NODES) {
    return [`tree: has ${placed.length} nodes, at maximum ${MAX_NODES} are allowed`];
  }
  const problems: string[] = [];
  if (!placed.some(({ node }) => nodes.get(node.node_type)?.delivers === true)) {
    problems.push("tree: must contain at least one node that sends a notification or calls an HTTP API");
  }
  const nesting = Math.max(0, ...placed.map(({ nesting }) => nesting));
  if (nesting > MAX_NESTING) {
    problems.push(`tree: branches are nested ${nesting} deep, at maximum ${MAX_NESTING} levels are allowed`);
  }
  problems.push(...duplicateRefs(placed.map(({ node }) => node)));
  for (const { node } of placed) problems.push(...validateNode(node, nodes, liveTemplates));
  return problems;
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

function validateNode(node: StoredNode, nodes: Nodes, liveTemplates: ReadonlySet<string>): string[] {
  const definition = nodes.get(node.node_type);
  if (definition === undefined) return [`${node.ref}: node_type '${node.node_type}' is not supported`];
  const problems = schemaProblems(definition.config, node.properties);
  const { template } = node.properties;
  if (definition.delivers === true && typeof template === "string" && !liveTemplates.has(template)) {
    problems.push(`template: template '${template}' has no live channel`);
  }
  problems.push(...countBranches(node.branches ?? [], definition));
  return [
    ...problems.map((problem) => `${node.ref}: ${problem}`),
    ...(node.branches ?? []).flatMap((branch) =>
      branchConditionProblems(branch, node.node_type === WAIT, nodes).map(
        (problem) => `${branch.ref}: ${problem}`,
      ),
    ),
  ];
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

function branchConditionProblems(branch: StoredBranch, isWait: boolean, nodes: Nodes): string[] {
  if (isWait) {
    return branch.is_default ? timeoutProblems(branch.conditions, nodes) : waitProblems(branch.conditions);
  }
  // The default of a branch is taken when nothing else holds, whatever is written there.
  if (branch.is_default) return [];
  return schemaProblems(conditionsSchema, branch.conditions, ["conditions"]);
}

function waitProblems(conditions: readonly Json[]): string[] {
  if (conditions.length === 0) return ["conditions: must contain at least 1 item"];
  return conditions.flatMap((condition, index) => {
    const isEvent = isJsonObject(condition) && condition.type === "future_event";
    return schemaProblems(isEvent ? futureEventSchema : conditionSchema, condition, ["conditions", index]);
  });
}

/** The longest time to wait is a delay, with the delay node's own settings. */
function timeoutProblems(conditions: readonly Json[], nodes: Nodes): string[] {
  const [timeout] = conditions;
  if (conditions.length !== 1 || !isJsonObject(timeout) || timeout.type !== "delay") {
    return ["conditions: the default branch of a wait must have exactly one condition of type 'delay'"];
  }
  const delay = nodes.get("delay");
  if (delay === undefined) return [];
  return schemaProblems(delay.config, timeout.delay_properties, ["conditions", 0, "delay_properties"]);
}
