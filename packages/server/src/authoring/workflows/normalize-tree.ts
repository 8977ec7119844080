import type { Json, JsonObject } from "../../core/json.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import type { BranchBody, NodeBody } from "./workflow-body.ts";
import type { StoredBranch, StoredNode } from "../../catalog/workflow.ts";

/**
 * Fields of the node itself; everything else beside them, including `properties` that are text, is a setting of its
 * type.
 */
const ENVELOPE = new Set(["node_type", "name", "description", "ref", "schema_version", "branches"]);

/** `branch` is the ref of the node that has the branches. */
const BRANCH_SHORT = "path";

interface Filling {
  nodes: ReadonlyMap<string, NodeDefinition>;
  nextRef: (short: string) => string;
}

/**
 * Normalises a tree to its stored form. Missing refs become `<short>_<n>` with the lowest n that no node or branch of
 * the workflow uses; given ones stay, so a ref never changes once it has been read. Idempotent.
 */
export function normalizeTree(
  tree: readonly NodeBody[],
  nodes: ReadonlyMap<string, NodeDefinition>,
): StoredNode[] {
  const nextRef = refSource(tree);
  return tree.map((node) => normalizeNode(node, { nodes, nextRef }));
}

function normalizeNode(node: NodeBody, filling: Filling): StoredNode {
  const definition = filling.nodes.get(node.node_type);
  const stored: StoredNode = {
    node_type: node.node_type,
    name: node.name || definition?.name || node.node_type,
    description: node.description ?? null,
    ref: node.ref || filling.nextRef(definition?.short ?? node.node_type),
    schema_version: node.schema_version || "1",
    properties: settingsOf(node),
  };
  const branches = node.branches ?? [];
  // An empty list means nothing, and some exporters write it on every node.
  if (branches.length === 0) return stored;
  return {
    ...stored,
    branches: branches.map((branch, index) => normalizeBranch(branch, index, filling)),
  };
}

function normalizeBranch(branch: BranchBody, index: number, filling: Filling): StoredBranch {
  const is_default = branch.is_default ?? false;
  return {
    name: branch.name || (is_default ? "Default" : `Branch ${index + 1}`),
    description: branch.description ?? null,
    ref: branch.ref || filling.nextRef(BRANCH_SHORT),
    is_default,
    is_terminal: branch.is_terminal ?? false,
    conditions: (branch.conditions ?? []) as Json[],
    nodes: (branch.nodes ?? []).map((node) => normalizeNode(node, filling)),
  };
}

function settingsOf(node: NodeBody): JsonObject {
  const { properties, ...rest } = node;
  if (typeof properties === "object" && properties !== null) return properties as JsonObject;
  const flat = typeof properties === "string" ? node : rest;
  return Object.fromEntries(Object.entries(flat).filter(([key]) => !ENVELOPE.has(key))) as JsonObject;
}

function refSource(tree: readonly NodeBody[]): Filling["nextRef"] {
  const taken = new Set<string>();
  collectRefs(tree, taken);
  const last = new Map<string, number>();
  return (short) => {
    let n = last.get(short) ?? 0;
    do n += 1;
    while (taken.has(`${short}_${n}`));
    last.set(short, n);
    return `${short}_${n}`;
  };
}

function collectRefs(tree: readonly NodeBody[], taken: Set<string>): void {
  for (const node of tree) {
    if (node.ref) taken.add(node.ref);
    for (const branch of node.branches ?? []) {
      if (branch.ref) taken.add(branch.ref);
      collectRefs(branch.nodes ?? [], taken);
    }
  }
}
