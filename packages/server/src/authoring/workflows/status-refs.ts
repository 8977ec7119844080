import type { WorkflowRules } from "./validate-node.ts";
import { isJsonObject } from "../../core/json.ts";
import type { StoredNode } from "../../catalog/workflow.ts";

/**
 * Conditions on the status of messages name the node that sends them. That node must have run before on every path that
 * leads there, or the condition would refer to messages that cannot exist.
 */
export function statusRefProblems(
  triggerConditions: unknown,
  tree: readonly StoredNode[],
  nodes: WorkflowRules["nodes"],
): string[] {
  const isSend = (node_type: string) => nodes.get(node_type)?.delivers === "messages";
  const walk: Walk = { types: new Map(), problems: [], isSend };
  collectTypes(tree, walk.types);
  checkRefs("conditions", triggerConditions, new Set(), walk);
  walkNodes(tree, new Set(), walk);
  return walk.problems;
}

interface Walk {
  /** Node type by ref. */
  types: Map<string, string>;
  problems: string[];
  isSend: (node_type: string) => boolean;
}

function collectTypes(tree: readonly StoredNode[], types: Walk["types"]): void {
  for (const { ref, node_type, branches } of tree) {
    types.set(ref, node_type);
    for (const branch of branches ?? []) collectTypes(branch.nodes, types);
  }
}

/** The send nodes that have certainly run after `tree`; null if nothing comes after it. */
function walkNodes(
  tree: readonly StoredNode[],
  before: ReadonlySet<string>,
  walk: Walk,
): ReadonlySet<string> | null {
  let sent = before;
  for (const { ref, node_type, branches } of tree) {
    if (walk.isSend(node_type)) sent = new Set([...sent, ref]);
    if (branches === undefined) continue;
    const rejoining: ReadonlySet<string>[] = [];
    for (const branch of branches) {
      checkRefs(`${branch.ref}: conditions`, branch.conditions, sent, walk);
      const after = walkNodes(branch.nodes, sent, walk);
      if (after !== null && !branch.is_terminal) rejoining.push(after);
    }
    const [first, ...rest] = rejoining;
    // Nodes after branches that all end the run are never reached, so nothing in them can be wrong.
    if (first === undefined) return null;
    sent = new Set([...first].filter((candidate) => rest.every((other) => other.has(candidate))));
  }
  return sent;
}

function checkRefs(place: string, conditions: unknown, sent: ReadonlySet<string>, walk: Walk): void {
  for (const ref of namedRefs(conditions)) {
    const type = walk.types.get(ref);
    if (type === undefined) walk.problems.push(`${place}: no node has the ref '${ref}'`);
    else if (!walk.isSend(type)) walk.problems.push(`${place}: '${ref}' is not a node that sends`);
    else if (!sent.has(ref)) {
      walk.problems.push(`${place}: '${ref}' must come before, on every path that leads here`);
    }
  }
}

/** Refs of message-status leaves, at any depth of groups. */
function namedRefs(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namedRefs);
  if (!isJsonObject(value)) return [];
  if (value.variable_ns === "$ref") return typeof value.ref === "string" ? [value.ref] : [];
  return Object.values(value).flatMap(namedRefs);
}
