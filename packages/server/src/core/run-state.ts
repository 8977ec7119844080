/**
 * Where a run stands in its tree, and where it goes next. A position is the path to a node: its index, then,
 * for each branch node on the way, the branch index and the index inside it: `2`, `2.0.1`. Pure; `null` is
 * the end of the run.
 */
export type Position = readonly number[];

export interface TreeNode {
  branches?: readonly { nodes: readonly TreeNode[]; is_terminal?: boolean | undefined }[] | undefined;
}

export function startOf(nodes: readonly TreeNode[]): Position | null {
  return nodes.length > 0 ? [0] : null;
}

/** The node at a position, or null where the tree has none (a position in another version). */
export function nodeAt<Node extends TreeNode>(nodes: readonly Node[], position: Position): Node | null {
  let list: readonly TreeNode[] | undefined = nodes;
  let node: TreeNode | undefined;
  for (let depth = 0; depth < position.length; depth += 2) {
    node = list?.[position[depth] ?? -1];
    const branch = position[depth + 1];
    list = branch === undefined ? undefined : node?.branches?.[branch]?.nodes;
  }
  return (node as Node | undefined) ?? null;
}

/**
 * The position after this one: the next sibling; at the end of a branch the node after its branch node,
 * unless the branch is terminal.
 */
export function positionAfter(nodes: readonly TreeNode[], position: Position): Position | null {
  const index = position.at(-1);
  if (index === undefined) return null;
  const siblings = siblingsAt(nodes, position);
  if (index + 1 < siblings.nodes.length) return [...position.slice(0, -1), index + 1];
  if (position.length === 1 || siblings.is_terminal) return null;
  return positionAfter(nodes, position.slice(0, -2));
}

/** The first position of a branch of the node at `position`; an empty branch falls through. */
export function positionInBranch(
  nodes: readonly TreeNode[],
  position: Position,
  branch: number,
): Position | null {
  const chosen = nodeAt(nodes, position)?.branches?.[branch];
  if (chosen === undefined) return null;
  if (chosen.nodes.length > 0) return [...position, branch, 0];
  return chosen.is_terminal === true ? null : positionAfter(nodes, position);
}

function siblingsAt(
  nodes: readonly TreeNode[],
  position: Position,
): { nodes: readonly TreeNode[]; is_terminal: boolean } {
  if (position.length === 1) return { nodes, is_terminal: false };
  const branch = nodeAt(nodes, position.slice(0, -2))?.branches?.[position.at(-2) ?? -1];
  return { nodes: branch?.nodes ?? [], is_terminal: branch?.is_terminal === true };
}

export function formatPosition(position: Position): string {
  return position.join(".");
}

export function parsePosition(text: string): Position {
  return text.split(".").map(Number);
}

/** Severities of log entries, and the run status that the worst one gives. */
export type Severity = "info" | "warning" | "error";
export type RunStatus = "in_progress" | "completed" | "partial_failure" | "failed" | "cancelled";
/** The status of a run that ends without being cancelled. */
export type EndStatus = Exclude<RunStatus, "in_progress" | "cancelled">;

export function endStatusOf(severities: Iterable<Severity>): EndStatus {
  let status: EndStatus = "completed";
  for (const severity of severities) {
    if (severity === "error") return "failed";
    if (severity === "warning") status = "partial_failure";
  }
  return status;
}
